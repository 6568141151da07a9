# shellcheck shell=bash disable=SC2034
# Shared bits of the tools: where things are, who runs the tests, the
# throw-away working directory, the build in it, servers, and the clean-up.
# Sourced, never run.  Needs bash with -euo pipefail.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
tools=$top/test/tools

umask 022

# The make that called us must not steer the makes we call.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

work=			# the throw-away directory, once there is one
child=			# the process group of the command under way, if any

warnings='-Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers'

say()
{
	printf '%s\n' "$*" >&2
}

die()
{
	say "$(basename "$0"): $*"
	exit 1
}

as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		die "root is needed for: $*"
	fi
}

# The directory in which slow things (a server's assertion build, other
# majors) are kept from one run to the next.
cache_dir()
{
	if [ "$(id -u)" = 0 ]; then
		echo /var/cache/cancel_job
	else
		echo "${XDG_CACHE_HOME:-$HOME/.cache}/cancel_job"
	fi
}

# The newest installed major that the extension supports, else nothing.
installed_major()
{
	local m
	for m in 19 18 17 16 15; do
		if [ -x "/usr/lib/postgresql/$m/bin/postgres" ]; then
			echo "$m"
			return
		fi
	done
}

# Settles PG_CONFIG, and from it $bindir, $major and $pgxs_dir.
find_server()
{
	if [ -z "${PG_CONFIG:-}" ]; then
		PG_CONFIG=/usr/lib/postgresql/$(installed_major)/bin/pg_config
	fi
	PG_CONFIG=$(command -v "$PG_CONFIG") || die "no pg_config found"
	export PG_CONFIG
	bindir=$("$PG_CONFIG" --bindir)
	major=$("$PG_CONFIG" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
	pgxs_dir=$(dirname "$(dirname "$("$PG_CONFIG" --pgxs)")")	# its src folder
	[ -x "$bindir/postgres" ] || die "no server beside $PG_CONFIG"
	[ -e "$("$PG_CONFIG" --pgxs)" ] || die "no PGXS beside $PG_CONFIG"
}

# initdb refuses root: as root, tests run as the package's user.
if [ "$(id -u)" = 0 ]; then
	tester=postgres
else
	tester=$(id -un)
fi

# Runs a command as the test user, in the throw-away directory (the caller's may
# not be the test user's to enter), with an environment that owes nothing to the
# caller's but what is named here.
as_tester()
{
	local drop=() pass=() name
	if [ "$(id -u)" = 0 ]; then
		drop=(setpriv "--reuid=$tester" "--regid=$tester" --init-groups)
	fi
	for name in ${!CJ_@} PGHOST PGPORT PGUSER PGDATABASE PGPASSWORD \
		TEMP_CONFIG NODE_PATH PG_CONFIG; do
		[ -z "${!name+set}" ] || pass+=("$name=${!name}")
	done
	"${drop[@]}" env -i -C "${work:-/}" \
		PATH="$bindir:/usr/sbin:/usr/bin:/sbin:/bin" HOME="$work" \
		USER="$tester" LOGNAME="$tester" LC_ALL=C.UTF-8 TMPDIR="$work/tmp" \
		"${pass[@]}" "$@" 3>&-
}

# Runs a command in its own process group, so that a signal that reaches this
# script ends the whole of it at once.
run_group()
{
	local rc=0
	set -m
	"$@" </dev/null 3>&- &
	child=$!
	set +m
	wait "$child" || rc=$?
	child=
	return "$rc"
}

run_tester()
{
	run_group as_tester "$@"
}

# Ends what still works inside a directory: every process whose current
# directory, or whose program, lies in it.
end_processes_in()
{
	local dir=$1 p at
	for p in /proc/[0-9]*; do
		for at in cwd exe; do
			case "$(readlink "$p/$at" 2>/dev/null)" in
				"$dir"|"$dir"/*) kill -KILL "${p#/proc/}" 2>/dev/null || true ;;
			esac
		done
	done
}

stop_servers_in()
{
	local pidfile
	while IFS= read -r pidfile; do
		as_tester "$bindir/pg_ctl" -D "$(dirname "$pidfile")" \
			-m immediate -t 20 stop >/dev/null 2>&1 || true
	done < <(find "$1" -xdev -name postmaster.pid 2>/dev/null)
}

work_remove()
{
	local rc=$?
	trap - EXIT INT TERM HUP
	set +e
	if [ -n "$child" ]; then
		kill -TERM -- "-$child" 2>/dev/null
		wait "$child" 2>/dev/null
	fi
	if [ -n "$work" ]; then
		cd /
		stop_servers_in "$work"
		end_processes_in "$work"
		rm -rf --one-file-system "$work"
	fi
	if declare -F at_exit >/dev/null; then
		at_exit "$rc"
	fi
	exit "$rc"
}

# Makes the throw-away directory, owned by the test user; it goes at exit.
work_make()
{
	trap work_remove EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	# short, for it holds unix sockets
	work=$(mktemp -d /tmp/cancel_job.XXXXXX)
	mkdir "$work/tmp" "$work/build"
	[ "$(id -u)" != 0 ] || chown -R "$tester:" "$work"
}

# Copies the checkout to $work/build, as if freshly checked out.
copy_checkout()
{
	tar -C "$top" --exclude-vcs --exclude=./tmp_check --exclude=./tmp_check_iso \
		--exclude=./results --exclude=./output_iso --exclude='*.o' --exclude='*.d' \
		--exclude='*.bc' --exclude='*.so' -cf - . |
		as_tester tar -C "$work/build" --no-same-owner -xf -
}

build_make()
{
	as_tester make -s -C "$work/build" "-j$(nproc)" with_llvm=no \
		"PG_CONFIG=$PG_CONFIG" "PG_CFLAGS=$warnings -DUSE_ASSERT_CHECKING" "$@"
}

# Builds and installs $work/build without touching the server's own place,
# and writes $work/test.conf, which makes a server find what was installed;
# CJ_STAGE tells tests what to put before the server's own paths.
build_install()
{
	local stage=$work/stage settings place=
	settings=$("$bindir/postgres" --describe-config)
	case "$settings" in
		*extension_destdir*)
			place="extension_destdir = '$stage'" ;;
		*extension_control_path*)
			place="extension_control_path = '$stage$("$PG_CONFIG" --sharedir):\$system'" ;;
		*)
			server_copy
			stage= ;;
	esac
	export CJ_STAGE=$stage
	{
		cat "$top/test/conf/regress.conf"
		if [ -n "$stage" ]; then
			echo "$place"
			echo "dynamic_library_path = '$stage$("$PG_CONFIG" --pkglibdir):\$libdir'"
		fi
	} | as_tester tee "$work/test.conf" >/dev/null

	build_make clean
	build_make all
	build_make install "DESTDIR=$stage" >/dev/null
}

# A server that can only look into its own place is copied as a whole;
# PostgreSQL finds its files relative to its programs.
server_copy()
{
	local prefix
	prefix=$(dirname "$bindir")
	case "$prefix" in
		/|/usr) die "cannot copy the server in $prefix to test in" ;;
	esac
	cp -a "$prefix" "$work/pg"
	[ "$(id -u)" != 0 ] || chown -R "$tester:" "$work/pg"
	PG_CONFIG=$work/pg/bin/pg_config
	find_server
}

# The value of a variable of the Makefile.
make_variable()
{
	make -s -C "$top" "PG_CONFIG=$PG_CONFIG" "print-$1"
}

# Starts a throw-away server in $work/NAME that listens on a socket in $work,
# with further settings on standard input; sets PGHOST and so on for it.
server_start()
{
	local data=$work/$1
	as_tester "$bindir/initdb" -D "$data" -U postgres -A trust -N \
		--locale=C --encoding=UTF8 >"$work/$1.initdb" 2>&1 </dev/null ||
		{ cat "$work/$1.initdb" >&2; return 1; }
	{
		cat "$work/test.conf"
		echo "listen_addresses = ''"
		echo "unix_socket_directories = '$work'"
		cat
	} | as_tester tee -a "$data/postgresql.conf" >/dev/null
	as_tester "$bindir/pg_ctl" -D "$data" -w -t 60 -l "$work/$1.log" \
		start >/dev/null </dev/null ||
		{ tail -n 30 "$work/$1.log" >&2; return 1; }
	export PGHOST=$work PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
}

server_stop()
{
	as_tester "$bindir/pg_ctl" -D "$work/$1" -m fast -t 60 -w stop >/dev/null
}
