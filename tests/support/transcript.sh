# Sourced by the script tests of the command line: an empty home, a runner that keeps both streams apart, and checks that name
# what they expected.
set -u
BIN=${SPAWNAI_BIN:?set SPAWNAI_BIN to the spawnai that is tested}
SOURCE=${SPAWNAI_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
for variable in $(compgen -e); do
    case $variable in SPAWNAI* | E2B_* | ANTHROPIC* | CLAUDE* | XDG_* | CLICOLOR* | LOG_LEVEL | NO_COLOR) unset "$variable" ;; esac
done
export SPAWNAI_BIN=$BIN SPAWNAI_SOURCE=$SOURCE
scratch=$(mktemp -d)
chmod 0711 "$scratch"
export HOME=$scratch/home
mkdir -p "$HOME"
failures=0

finish() {
    local status=$?
    "$BIN" engine stop --all >/dev/null 2>&1
    rm -rf "$scratch"
    [ "$failures" -eq 0 ] || { echo "$failures checks failed"; exit 1; }
    exit "$status"
}
trap finish EXIT

# run ARGUMENTS: sets code, out and err.
run() {
    "$BIN" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
    code=$?
    out=$(cat "$scratch/out")
    err=$(cat "$scratch/err")
    ran="spawnai $*"
}

fail() {
    failures=$((failures + 1))
    printf 'FAILED: %s\n  after: %s\n  code: %s\n  stdout: %s\n  stderr: %s\n' "$1" "$ran" "$code" "${out:0:2000}" "${err:0:2000}"
}

exits() { [ "$code" -eq "$1" ] || fail "exit code $1"; }
says() { [[ $out == *"$1"* ]] || fail "'$1' on stdout"; }
tells() { [[ $err == *"$1"* ]] || fail "'$1' on stderr"; }
prints() { [ "$out" = "$1" ] || fail "exactly '$1' on stdout"; }
silent() { [ ! -s "$scratch/out" ] || fail "nothing on stdout"; }
calm() { [ ! -s "$scratch/err" ] || fail "nothing on stderr"; }
one_line() { [ "$(wc -l <"$scratch/out")" -eq 1 ] || fail "exactly one line on stdout"; }
# json EXPRESSION: true of the object `o` on stdout.
json() {
    python3 -c 'import json, sys; o = json.load(open(sys.argv[1])); assert eval(sys.argv[2]), o' "$scratch/out" "$1" 2>"$scratch/why" ||
        fail "JSON with $1 ($(tail -n 1 "$scratch/why"))"
}
