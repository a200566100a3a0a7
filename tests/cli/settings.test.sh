#!/usr/bin/env bash
# Settings, keys, and where files lie.
. "$(dirname "$0")/../support/transcript.sh"

run config path; exits 0; prints "$HOME/.config/spawnai/config.json"
run config get provider; exits 0; prints auto; calm
run config set provider local; exits 0; silent
run config get provider --show-origin; prints "local	$HOME/.config/spawnai/config.json"
[ "$(stat -c %a "$HOME/.config/spawnai/config.json")" = 600 ] || fail "config.json has mode 600"
SPAWNAI_PROVIDER=e2b run config get provider --show-origin; prints "e2b	SPAWNAI_PROVIDER"
SPAWNAI_PROVIDER= run config get provider; prints local
run config list --json; exits 0; one_line
json '[s for s in o["settings"] if s["name"] == "provider"][0]["origin"] == "file"'
json '{s["origin"] for s in o["settings"]} == {"default", "file"}'
run config set provider mars; exits 2; silent; tells "local"
run config set ttl 15; exits 2; tells "15m"
run config set nonsense 1; exits 2
run config set provider; exits 2
run config set provider --unset; exits 0
run config get provider; prints auto
echo '{"provider": ' >"$HOME/.config/spawnai/config.json"
run config get provider; exits 2; silent; tells config.json
echo '{"provdier": "local"}' >"$HOME/.config/spawnai/config.json"
run config list; exits 2; silent; tells "did you mean 'provider'?"
rm "$HOME/.config/spawnai/config.json"

run keys list; exits 0; silent
key=sk-ant-api03-$(printf 'x%.0s' {1..80})
printf '%s\n' "$key" >"$scratch/key"
"$BIN" keys set claude <"$scratch/key" >"$scratch/out" 2>"$scratch/err"
code=$? out=$(cat "$scratch/out") err=$(cat "$scratch/err") ran="keys set claude"; exits 0; silent
[ "$(stat -c %a "$HOME/.config/spawnai/keys.json")" = 600 ] || fail "keys.json has mode 600"
[ "$(stat -c %a "$HOME/.config/spawnai")" = 700 ] || fail "its directory has mode 700"
grep -q "$key" "$HOME/.config/spawnai/keys.json" || fail "the key is stored"
run keys list; exits 0; says CLAUDE_API_KEY
[[ $out$err != *"$key"* ]] || fail "no value of a key is printed"
run keys list --json; json 'o["keys"][0]["name"] == "CLAUDE_API_KEY"'
run doctor --offline; [[ $out$err != *"$key"* ]] || fail "doctor shows no key"
chmod 644 "$HOME/.config/spawnai/keys.json"
run keys list; exits 2; silent; tells "keys.json"
chmod 600 "$HOME/.config/spawnai/keys.json"
run keys set claude "$key"; exits 2; silent
[[ $err != *"$key"* ]] || fail "a key on the command line is not repeated"
run keys set nonsense; exits 2
run keys rm claude; exits 0
run keys rm claude; exits 3; silent
run keys set claude; exits 2; silent

[ -z "$(find "$HOME" -mindepth 1 -maxdepth 1 ! -name .config ! -name .local)" ] || fail "nothing else in HOME"
export SPAWNAI_HOME=$scratch/elsewhere
run config path; prints "$SPAWNAI_HOME/config.json"
SPAWNAI_HOME=relative run config path; exits 2; silent
