# cancel_job: CockroachDB's jobs and CANCEL JOB for PostgreSQL
#
# make, make install, make installcheck	as for every extension; PG_CONFIG= picks
#					the server.  installcheck wants a running server
#					with shared_preload_libraries = 'cancel_job'
# make test, demo, style, indent, ...	install what they need, build in a throw-away
#					place and run their own servers

EXTENSION = cancel_job
EXTVERSION = 1.0
MODULE_big = cancel_job

OBJS = \
	src/cancel_job.o \
	src/base/base_clock.o \
	src/base/base_commit.o \
	src/base/base_duration.o \
	src/base/base_extension.o \
	src/base/base_guc.o \
	src/base/base_ids.o \
	src/base/base_parse.o \
	src/base/base_pausepoint.o \
	src/base/base_plan.o \
	src/base/base_reload.o \
	src/base/base_setting.o \
	src/base/base_shmem.o \
	src/base/base_store.o \
	src/base/base_try.o \
	src/base/base_utility.o \
	src/base/base_wait.o \
	src/privilege/privilege_job.o \
	src/privilege/privilege_schedule.o \
	src/privilege/privilege_store.o \
	src/job/job_autovacuum.o \
	src/job/job_claim_store.o \
	src/job/job_control.o \
	src/job/job_control_many.o \
	src/job/job_crdb_compat.o \
	src/job/job_error.o \
	src/job/job_event.o \
	src/job/job_listen.o \
	src/job/job_message.o \
	src/job/job_outcome_store.o \
	src/job/job_owner.o \
	src/job/job_owner_store.o \
	src/job/job_pending.o \
	src/job/job_progress_store.o \
	src/job/job_queue_store.o \
	src/job/job_recent_store.o \
	src/job/job_retention_store.o \
	src/job/job_retry.o \
	src/job/job_self.o \
	src/job/job_state.o \
	src/job/job_stats.o \
	src/job/job_store.o \
	src/job/job_submit.o \
	src/job/job_type.o \
	src/job/job_wait.o \
	src/worker/worker_ahead.o \
	src/worker/worker_checkpoint.o \
	src/worker/worker_coordinator.o \
	src/worker/worker_database.o \
	src/worker/worker_distribute.o \
	src/worker/worker_due.o \
	src/worker/worker_launcher.o \
	src/worker/worker_main.o \
	src/worker/worker_output.o \
	src/worker/worker_place.o \
	src/worker/worker_pool.o \
	src/worker/worker_process.o \
	src/worker/worker_progress.o \
	src/worker/worker_run.o \
	src/worker/worker_retention.o \
	src/worker/worker_server_progress.o \
	src/worker/worker_session.o \
	src/worker/worker_signal.o \
	src/worker/worker_slot.o \
	src/worker/worker_stay.o \
	src/worker/worker_takeover.o \
	src/worker/worker_watch.o \
	src/schedule/schedule_backup.o \
	src/schedule/schedule_backup_store.o \
	src/schedule/schedule_control.o \
	src/schedule/schedule_create.o \
	src/schedule/schedule_cron.o \
	src/schedule/schedule_history_store.o \
	src/schedule/schedule_option.o \
	src/schedule/schedule_outcome.o \
	src/schedule/schedule_owner.o \
	src/schedule/schedule_run.o \
	src/schedule/schedule_start.o \
	src/schedule/schedule_store.o \
	src/schedule/schedule_target.o \
	src/schedule/schedule_time.o \
	src/jobtype/jobtype.o \
	src/jobtype/jobtype_api.o \
	src/jobtype/jobtype_auto_stats.o \
	src/jobtype/jobtype_sql.o \
	src/jobtype/jobtype_stats.o \
	src/jobtype/jobtype_stats_analyze.o \
	src/jobtype/jobtype_stats_option_store.o \
	src/jobtype/jobtype_stats_request.o \
	src/jobtype/jobtype_stats_stale_store.o \
	src/syntax/syntax_alter.o \
	src/syntax/syntax_alter_schedule.o \
	src/syntax/syntax_availability.o \
	src/syntax/syntax_command.o \
	src/syntax/syntax_control.o \
	src/syntax/syntax_create_schedule.o \
	src/syntax/syntax_error.o \
	src/syntax/syntax_family.o \
	src/syntax/syntax_grants.o \
	src/syntax/syntax_hooks.o \
	src/syntax/syntax_mask.o \
	src/syntax/syntax_message.o \
	src/syntax/syntax_option.o \
	src/syntax/syntax_parameter.o \
	src/syntax/syntax_reader.o \
	src/syntax/syntax_recovery.o \
	src/syntax/syntax_role.o \
	src/syntax/syntax_role_name.o \
	src/syntax/syntax_scan.o \
	src/syntax/syntax_schedule.o \
	src/syntax/syntax_selftest.o \
	src/syntax/syntax_setting.o \
	src/syntax/syntax_shape.o \
	src/syntax/syntax_show.o \
	src/syntax/syntax_source.o \
	src/syntax/syntax_statistics.o \
	src/syntax/syntax_table_option.o \
	src/syntax/syntax_text.o \
	src/syntax/syntax_translate.o \
	src/syntax/syntax_with.o \
	src/sqlfn/sqlfn_control.o \
	src/sqlfn/sqlfn_extension.o \
	src/sqlfn/sqlfn_list.o \
	src/sqlfn/sqlfn_privilege.o \
	src/sqlfn/sqlfn_schedule.o \
	src/sqlfn/sqlfn_schedule_cron.o \
	src/sqlfn/sqlfn_setting.o \
	src/sqlfn/sqlfn_statistics.o \
	src/sqlfn/sqlfn_stats.o \
	src/sqlfn/sqlfn_submit.o \
	src/sqlfn/sqlfn_wait.o

SQL_PIECES = \
	src/sql/00_header.sql \
	src/sql/10_tables.sql \
	src/sql/15_roles.sql \
	src/sql/15_schedule_tables.sql \
	src/sql/20_functions.sql \
	src/sql/30_views.sql \
	src/sql/34_schedule_statements.sql \
	src/sql/35_progress.sql \
	src/sql/35_schedules.sql \
	src/sql/35_settings.sql \
	src/sql/40_crdb_views.sql \
	src/sql/40_statistics.sql \
	src/sql/90_privileges.sql

# What other extensions need to bring job types of their own.
HEADERS_cancel_job = src/job/job_api.h

DATA_built = src/sql/$(EXTENSION)--$(EXTVERSION).sql
DATA = $(patsubst $(srcdir)/%,%,$(wildcard $(srcdir)/src/sql/upgrade/$(EXTENSION)--*--*.sql))
PG_CPPFLAGS = -I$(srcdir)/src
SHLIB_LINK = -lunwind
EXTRA_CLEAN = $(OBJS:.o=.d) $(OBJS:.o=.gcno) $(OBJS:.o=.gcda)

# Tests, each run in this order, one at a time.  Those that "make test" runs without
# caches, too, come first, while SHOW JOBS has few jobs to show.
REGRESS = setup job_submit syntax_statements syntax_places syntax_errors job_control job_list job_sql job_plan job_wait job_progress \
	stats_request schedule_cron schedule_statements schedule_backup crdb_compat privilege_roles privilege_owner \
	privilege_hostile privilege_attack syntax_control syntax_show syntax_role cluster_settings
REGRESS_OPTS = --encoding=UTF8 --no-locale

ISOLATION = alter_vs_claim cancel_vs_finish control_overlap control_twice pause_vs_claim schedule_vs_drop wait_vs_finish
ISOLATION_OPTS = --inputdir=$(srcdir)/test/isolation --load-extension=$(EXTENSION) \
	--encoding=UTF8 --no-locale

# These make servers of their own, so "make test" runs them and installcheck,
# for which they would need IPC::Run, does not.
PROVE_TESTS = \
	test/t/001_wire_protocol.pl \
	test/t/002_cancel_running.pl \
	test/t/003_cancel_ignored.pl \
	test/t/004_processes.pl \
	test/t/005_native_syntax_off.pl \
	test/t/006_crash.pl \
	test/t/007_standby.pl \
	test/t/008_failover_manager.pl \
	test/t/009_turns.pl \
	test/t/010_syntax_stress.pl \
	test/t/011_databases.pl \
	test/t/012_job_types.pl \
	test/t/013_roles.pl \
	test/t/014_hostile.pl \
	test/t/016_retention.pl \
	test/t/017_copies.pl \
	test/t/018_telling.pl \
	test/t/019_locked_rows.pl \
	test/t/024_cluster_settings.pl \
	test/t/025_wire_forms.pl \
	test/t/026_plans.pl \
	test/t/027_ahead.pl \
	test/t/030_schedules.pl \
	test/t/031_automatic_statistics.pl \
	test/t/032_schedules_failover.pl \
	test/t/033_statistics.pl

.DEFAULT_GOAL := all
TOOLS = $(dir $(firstword $(MAKEFILE_LIST)))test/tools

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)

ifneq ($(wildcard $(PGXS)),)
include $(PGXS)

# Debian's PGXS tracks no header dependencies.
override CFLAGS += -MMD -MP
-include $(OBJS:.o=.d)

$(DATA_built): $(addprefix $(srcdir)/,$(SQL_PIECES)) $(firstword $(MAKEFILE_LIST)) | mkdirs
	cat $(filter %.sql,$^) > $@

# A VPATH build needs the folders before the objects.
$(OBJS) $(OBJS:.o=.bc): | mkdirs
mkdirs:
	@$(MKDIR_P) $(sort $(dir $(OBJS) $(DATA_built)))
else
all install installcheck uninstall clean:
	@echo "$(PG_CONFIG): no PGXS found, which building an extension needs." >&2
	@echo "On Debian: apt-get install postgresql-server-dev-15 libunwind-dev libkrb5-dev libssl-dev" >&2
	@echo "(or the major of your server), or name a server: make PG_CONFIG=/path/to/pg_config." >&2
	@echo "Or type \"make demo\" or \"make test\": they install what is missing." >&2
	@exit 1
endif

# Everything below needs no PGXS to start with.

test:			# everything; ONLY="regress tap" picks stages
	@$(TOOLS)/test

bench:			# side by side with what a user would pick instead
	@$(dir $(firstword $(MAKEFILE_LIST)))bench/run

demo:			# a guided tour on a throw-away server
	@$(TOOLS)/demo

style:			# the style checks
	@$(TOOLS)/test style

indent:			# lay the source out as pgindent does
	@$(TOOLS)/indent

test-assert:	# the syntax tests on an assertion build of the server
	@$(TOOLS)/test assert

test-majors:	# the suite on the other majors, in chroots
	@$(TOOLS)/majors

print-%:		# the value of a variable, for the scripts in test/tools
	@echo $($*)

.PHONY: all install installcheck uninstall clean mkdirs test bench demo style indent \
	test-assert test-majors
