# shellcheck shell=bash disable=SC2034,SC2154
# Counts what passed and failed, and says so in the last line of output.
# Sourced after lib.sh, never run.

passed=0 failed=0

result()	# result pass|fail STAGE NAME
{
	if [ "$1" = pass ]; then
		passed=$((passed + 1))
		printf 'ok      %s/%s\n' "$2" "$3"
	else
		failed=$((failed + 1))
		printf 'FAILED  %s/%s\n' "$2" "$3"
	fi
}

# Runs the test script in another place and counts its results as ours.
nested()	# nested STAGE COMMAND...
{
	local stage=$1 line out=$work/$1.out n=0
	shift
	run_group "$@" >"$out" 2>&1 || true
	while IFS= read -r line; do
		case "$line" in
			"ok      "*) result pass "$stage" "${line#ok      }"; n=$((n + 1)) ;;
			"FAILED  "*) result fail "$stage" "${line#FAILED  }"; n=$((n + 1)) ;;
			*" passed, "*" failed") ;;
			*) printf '%s\n' "$line" ;;
		esac
	done <"$out"
	[ $n -gt 0 ] || result fail "$stage" run
}

# The last line, whatever ends this script, and wherever a stage's output goes.
finished=
exec 3>&1
at_exit()
{
	[ -n "$finished" ] || failed=$((failed + 1))
	echo "$passed passed, $failed failed" >&3
}
