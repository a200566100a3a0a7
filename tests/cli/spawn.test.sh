#!/usr/bin/env bash
# From a sentence to a URL and to the end of the app, with built-in apps: what a script sees of it.
. "$(dirname "$0")/../support/transcript.sh"

"$BIN" doctor --offline >"$scratch/doctor" 2>&1
if [ $? -eq 9 ]; then
    cat "$scratch/doctor"
    [ "${SPAWNAI_TESTS_MUST_RUN:-}" != 1 ] || exit 1
    exit 77
fi
export SPAWNAI_HOME=$scratch/state
mkdir -m 0711 "$SPAWNAI_HOME"
url_form='http://3000-*.localhost:*'

run spawn "todo app" --offline -n; exits 0; says "built-in starter"; says '$0.00'
[ ! -e "$SPAWNAI_HOME/engine" ] || fail "a dry run starts no engine"
run spawn "todo app" --offline -n --json; exits 0; one_line; json 'o["dryRun"] and o["ttlSeconds"] == 1800 and o["provider"] == "local"'
run ls -q -a; silent
run spawn "a time machine" --offline; exits 4; silent; tells "starter"
run engine status --json; json 'o["running"] is False'

run spawn "todo app" --offline; exits 0; one_line
case $out in $url_form) ;; *) fail "a URL" ;; esac
tells 'built-in starter "todo", no model was asked'; tells "expires"; tells "spawnai kill"
[[ $err != *$'\e'* && $err != *$'\r'* ]] || fail "no redrawing without a terminal"
url=$out
curl -fsS --max-time 10 "$url/" 2>/dev/null | grep -qi todo || fail "the app answers"
run show @last --json; json "o['session']['url'] == '$url' and o['session']['status'] == 'ready' and o['session']['source'] == 'starter'"
json 'o["timeline"] and o["versions"][0]["number"] == 1'
name=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["session"]["name"])' "$scratch/out")
run show "$name"; exits 0; says "$url"; says Timeline
run ls; says "$name"; says "ready"; says "$url"
run ls -q; one_line
run open "$name"; exits 0; prints "$url"

run spawn "kanban board" --offline -q --name board --tag ci --ttl 5m; exits 0; one_line; calm
run spawn "kanban board" --offline --name board; silent
[ "$code" -ne 0 ] || fail "a name is given once among the living"
run ls --tag ci --json; json '[s["name"] for s in o["sessions"]] == ["board"] and o["sessions"][0]["ttlSeconds"] == 300'
run ls --status error -q -a; exits 0
run spawn "notes" --offline --json; exits 0; one_line; json 'o["url"] == o["session"]["url"] and o["session"]["status"] == "ready" and o["session"]["expiresAt"].endswith("Z")'
run spawn "quiz" --offline --events; exits 0
"$BIN" ls -q -a >/dev/null
python3 - "$scratch/out" <<'CHECK' || fail "events are lines of JSON that end with the result"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert [l["type"] for l in lines[:-1]] == ["session_update"] * (len(lines) - 1)
assert lines[-1]["type"] == "result" and lines[-1]["url"].startswith("http://3000-")
assert lines[-2]["appUrl"] == lines[-1]["url"] and lines[-2]["status"] == "ready"
progress = [l["progress"] for l in lines[:-1]]
assert progress == sorted(progress) and progress[-1] == 1
assert len({l["session"] for l in lines[:-1]}) == 1
CHECK

run extend board 10m; exits 0; one_line; says Z; tells board
run show board --json; json '800 < o["session"]["remainingSeconds"] <= 900'
run extend board 25h; exits 6; silent; tells "1d"
run extend board 10; exits 2; tells "15m"

run export board "$scratch/board"; exits 0; prints "$scratch/board"
[ -s "$scratch/board/index.html" ] || fail "the source is there"
run export board "$scratch/board"; exits 2; silent
run logs board; exits 0

run kill board; exits 0; silent; tells board
run kill board; exits 0; silent; tells "ended already"
run kill board nobody; exits 3; silent; tells nobody
run extend board 10m; [ "$code" -ne 0 ] || fail "what has ended cannot be extended"
run open board; exits 3; tells "spawnai respawn board"
run respawn board -q; exits 0; one_line; calm
run show @last --json; json 'o["session"]["parent"] and o["session"]["source"] == "store" and o["session"]["status"] == "ready"'

run spawn "todo REST API" --offline --name service -q; exits 0; one_line
run logs service; exits 0; says "port"
run show service --json; json 'o["session"]["appType"] == "api"'
timeout 20 "$BIN" logs service -f >"$scratch/followed" 2>&1 &
follower=$!
for _ in $(seq 100); do [ -s "$scratch/followed" ] && break; sleep 0.1; done
run kill service; exits 0
wait "$follower" || fail "following ends with the app"
grep -q port "$scratch/followed" || fail "following begins with what was printed"
run logs service -n 1; exits 0; says "port"

run spawn "notes" --offline --detach; exits 0; one_line
detached=$out
for _ in $(seq 100); do
    run show "$detached" --json
    [[ $out == *'"status":"ready"'* ]] && break
    sleep 0.1
done
json 'o["session"]["status"] == "ready"'
run spawn "a time machine" --offline --detach --json; exits 4; json 'o["error"]["code"] == 4'

run kill --all; exits 2; silent; tells "--yes"
run kill --all --yes --json; exits 0; json 'len(o["killed"]) >= 5 and all(k["wasLive"] for k in o["killed"])'
run ls -q; silent
run cost --by type --for all --json; json 'o["total"]["total"]["nanoUsd"] == 0'
run gc; exits 0
run engine stop; exits 0
exit 0
