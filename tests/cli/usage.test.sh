#!/usr/bin/env bash
# Help, version, and what happens to a command line that is wrong: exit codes, streams, suggestions, the error object.
. "$(dirname "$0")/../support/transcript.sh"

run --version; exits 0; calm; one_line; says "spawnai "
run; exits 0; calm; says "spawnai spawn"
run --help; exits 0; says "Usage"
run help; exits 0; says "Usage"
for topic in environment exit-codes formatting security starters; do run help $topic; exits 0; calm; done
run help exit-codes; says "143"; says "no_sandbox"
run help environment; says "CLAUDE_API_KEY"; says "SPAWNAI_HOME"
for command in $("$BIN" help | sed -n 's/^  \([a-z]*\) .*/\1/p' | grep -vx 'spawnai\|man'); do run "$command" --help; exits 0; calm; says "spawnai $command"; done
run help spawn; first=$out; run spawn --help; [ "$first" = "$out" ] || fail "help spawn equals spawn --help"
[ -z "$(find "$HOME" -mindepth 1)" ] || fail "help and version leave nothing in HOME"

run nonsense; exits 2; silent; tells "error: unknown command 'nonsense'"
run spwan x; exits 2; tells "did you mean 'spawnai spawn'?"
run "todo app"; exits 2; silent; tells 'spawnai spawn "todo app"'
run ls --jsn; exits 2; silent; tells "did you mean '--json'?"
run --nonsense; exits 2; silent
run help nonsense; exits 2
run config gte; exits 2; tells "config get"
run extend x; exits 2; tells "DURATION"
run extend @last 30; exits 2; tells "30m"; tells "hint:"
run spawn "todo app" --ttl 15; exits 2; silent; tells "--ttl"; tells "15m"
run spawn "todo app" --type webap; exits 2; tells "did you mean 'webapp'?"
run spawn "todo app" --max-cost much; exits 2; silent
run spawn; exits 2; silent; tells "prompt"
run spawn ""; exits 2; silent
run spawn - ; exits 2; silent
run spawn @"$scratch/absent"; exits 3; silent
run spawn "todo app" -e 1=2; exits 2; silent
run spawn "todo app" --cpu 4; exits 2; tells "--template"
run ls --status alive; exits 2; tells "ready"

run nonsense --json; exits 2; one_line; json 'o["schemaVersion"] == 1 and o["error"]["code"] == 2 and o["error"]["kind"] == "usage"'
json 'set(o["error"]) >= {"code", "kind", "class", "message", "hint", "recoverable", "session"}'
json 'o["error"]["class"] == "user_error" and o["error"]["recoverable"] is False and o["error"]["session"] is None'
run show nobody --json; exits 3; one_line; json 'o["error"]["kind"] == "not_found"'
run spawn --events; exits 2; one_line; json 'o["type"] == "result" and o["error"]["code"] == 2'
