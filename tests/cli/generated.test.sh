#!/usr/bin/env bash
# The manual and the completions that are committed are what the command table makes of them today, and they are well-formed.
. "$(dirname "$0")/../support/transcript.sh"

mkdir "$scratch/man" "$scratch/completions"
run generate man "$scratch/man"; exits 0
run generate completions "$scratch/completions"; exits 0
for folder in man completions; do
    diff -r "$SOURCE/$folder" "$scratch/$folder" >"$scratch/difference" ||
        { out=$(head -n 20 "$scratch/difference"); fail "committed $folder are current: spawnai generate $folder $folder"; }
done
for shell in bash zsh fish; do run completion $shell; exits 0; calm; says spawnai; done
run completion tcsh; exits 2

bash -n "$SOURCE/completions/spawnai.bash" || fail "bash reads its script"
! command -v zsh >/dev/null || zsh -n "$SOURCE/completions/_spawnai" || fail "zsh reads its script"
! command -v fish >/dev/null || fish --no-execute "$SOURCE/completions/spawnai.fish" || fail "fish reads its script"
if command -v man >/dev/null; then
    LC_ALL=C.UTF-8 MANROFFSEQ= man --warnings -E UTF-8 -l -Tutf8 -Z "$SOURCE/man/spawnai.1" 2>"$scratch/warnings" >/dev/null
    [ ! -s "$scratch/warnings" ] || { err=$(cat "$scratch/warnings"); fail "the manual has no warnings"; }
fi

# What bash offers, asked the way bash asks.
PATH=$(dirname "$BIN"):$PATH
. "$SOURCE/completions/spawnai.bash"
offers() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    _spawnai
    out="${COMPREPLY[*]}" ran="completing: $*" code=0 err=
}
offers spawnai sp; prints spawn
offers spawnai config ""; says get; says path
offers spawnai config get tt; prints ttl
offers spawnai spawn --typ; prints --type
offers spawnai spawn "x y" --type we; prints webapp
offers spawnai spawn -t s; prints script
offers spawnai completion f; prints fish
offers spawnai help exit; prints exit-codes
offers spawnai rm --al; prints --all
offers spawnai kill ""; prints ""
[ ! -e "$HOME/.local/share/spawnai" ] || fail "completing makes no store"
