#!/usr/bin/env bash
# Commands about sessions when there are none, or none of that name: nothing starts, nothing hangs, codes are right.
. "$(dirname "$0")/../support/transcript.sh"

run ls; exits 0; says "ID	NAME	TYPE	STATUS	EXPIRES	COST	URL"; tells "spawnai spawn"
run ls -q; exits 0; silent; calm
run ls --json; exits 0; one_line; calm; json 'o == {"schemaVersion": 1, "sessions": []}'
run ls --no-headers; exits 0; silent
run list -a; exits 0
for command in "show nobody" "kill nobody" "rm nobody" "logs nobody" "open nobody" "extend nobody 30m" "respawn nobody" "pause nobody" "resume nobody" "stats nobody" "export nobody $scratch/x" "show @last" "kill @last"; do
    run $command; exits 3; silent; tells "error: "; tells "hint: "
done
run kill; exits 2; silent
run kill --all; exits 0
run kill --all x; exits 2
run kill --expired; exits 0
run gc; exits 0; silent
run cost; exits 0; calm
run cost --json --for all; json 'o["total"]["total"] == {"usd": "0.00", "nanoUsd": 0} and o["groups"] == []'
run cost --csv --by day; exits 0; one_line; says "day,sessions,input_tokens"
run cost --csv --json; exits 2
run plan; exits 0; says local
run plan --json; json 'o["plan"] == "local" and o["live"] == 0 and o["concurrent"] == 20'
run plan --plan self-hosted; exits 0; says "none, the cluster is your own"; calm
run plan --plan self-hosted --json; json 'o["cheapestFit"] == "self-hosted" and o["concurrent"] is None'
run plan --plan hobby --json; json 'o["concurrent"] == 20 and o["rateCount"] == 10 and o["longestSeconds"] == 3600'
run engine status --json; exits 0; json 'o["running"] is False and o["pid"] is None'
run engine stop; exits 0; silent

# Who only looks starts no engine.
run engine status --json; json 'o["running"] is False'

"$BIN" ls 2>"$scratch/err" | true
[ ! -s "$scratch/err" ] || grep -q "no live sessions" "$scratch/err" || { code=0 out= err=$(cat "$scratch/err") ran="ls | true"; fail "a reader that goes is no error"; }
"$BIN" help >/dev/full 2>"$scratch/err"
code=$? out= err=$(cat "$scratch/err") ran="help >/dev/full"; exits 1; tells "No space left"
"$BIN" --version >&- 2>"$scratch/err"
code=$? err=$(cat "$scratch/err") ran="--version >&-"; exits 1

for variable in NO_COLOR=1 TERM=dumb SPAWNAI_NO_COLOR=1; do
    env "$variable" SPAWNAI_FORCE_TTY=100 "$BIN" help >"$scratch/out"
    ! grep -q $'\e' "$scratch/out" || { out=$variable; fail "no colours with $variable"; }
done
CLICOLOR_FORCE=1 "$BIN" help | grep -q $'\e' || fail "colours with CLICOLOR_FORCE"
CLICOLOR_FORCE=1 "$BIN" help --no-color | grep -q $'\e' && fail "no colours with --no-color"
exit 0
