# bash completion for spawnai; made by 'spawnai generate completions', do not edit.
_spawnai() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= word i
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in -*) continue ;; esac
        command=${command:+$command }$word
        case $command in engine|config|keys|prompt) ;; *) break ;; esac
    done
    case $command in
        '') COMPREPLY=($(compgen -W 'spawn ls show extend kill pause resume stats logs open respawn export cost plan validate gc doctor completion help engine config keys prompt --help --version' -- "$cur")); return ;;
        engine) COMPREPLY=($(compgen -W 'start stop status env --help' -- "$cur")); return ;;
        config) COMPREPLY=($(compgen -W 'get set list path --help' -- "$cur")); return ;;
        keys) COMPREPLY=($(compgen -W 'set list rm --help' -- "$cur")); return ;;
        prompt) COMPREPLY=($(compgen -W 'show --help' -- "$cur")); return ;;
    esac
    case $command:$prev in
        'spawn:-t' | 'spawn:--type') COMPREPLY=($(compgen -W 'auto webapp api script' -- "$cur")); return ;;
        'spawn:-m' | 'spawn:--model') COMPREPLY=(); return ;;
        'spawn:--ttl') COMPREPLY=(); return ;;
        'spawn:--provider') COMPREPLY=($(compgen -W 'auto local e2b' -- "$cur")); return ;;
        'spawn:--template') COMPREPLY=(); return ;;
        'spawn:--cpu') COMPREPLY=(); return ;;
        'spawn:--memory') COMPREPLY=(); return ;;
        'spawn:--port') COMPREPLY=(); return ;;
        'spawn:--on-timeout') COMPREPLY=($(compgen -W 'kill pause' -- "$cur")); return ;;
        'spawn:-f' | 'spawn:--file') COMPREPLY=($(compgen -f -- "$cur")); return ;;
        'spawn:-e' | 'spawn:--env') COMPREPLY=(); return ;;
        'spawn:--name') COMPREPLY=(); return ;;
        'spawn:--tag') COMPREPLY=(); return ;;
        'spawn:--max-cost') COMPREPLY=(); return ;;
        'spawn:--max-repairs') COMPREPLY=(); return ;;
        'ls:--status' | 'list:--status' | 'ps:--status') COMPREPLY=(); return ;;
        'ls:--tag' | 'list:--tag' | 'ps:--tag') COMPREPLY=(); return ;;
        'ls:-n' | 'ls:--limit' | 'list:-n' | 'list:--limit' | 'ps:-n' | 'ps:--limit') COMPREPLY=(); return ;;
        'kill:--tag' | 'rm:--tag') COMPREPLY=(); return ;;
        'resume:--ttl') COMPREPLY=(); return ;;
        'logs:-n' | 'logs:--lines') COMPREPLY=(); return ;;
        'respawn:--ttl') COMPREPLY=(); return ;;
        'respawn:--provider') COMPREPLY=($(compgen -W 'auto local e2b' -- "$cur")); return ;;
        'respawn:--template') COMPREPLY=(); return ;;
        'respawn:-e' | 'respawn:--env') COMPREPLY=(); return ;;
        'respawn:--name') COMPREPLY=(); return ;;
        'respawn:--tag') COMPREPLY=(); return ;;
        'respawn:--max-cost') COMPREPLY=(); return ;;
        'export:--number') COMPREPLY=(); return ;;
        'cost:--for') COMPREPLY=($(compgen -W 'day week month all' -- "$cur")); return ;;
        'cost:--by') COMPREPLY=($(compgen -W 'model type provider day' -- "$cur")); return ;;
        'plan:--plan') COMPREPLY=($(compgen -W 'local hobby pro self-hosted' -- "$cur")); return ;;
        'validate:-t' | 'validate:--type') COMPREPLY=($(compgen -W 'webapp api script' -- "$cur")); return ;;
        'gc:--provider') COMPREPLY=($(compgen -W 'local e2b' -- "$cur")); return ;;
    esac
    case $command in
        'spawn')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--type --model --ttl --provider --template --cpu --memory --internet --no-internet --port --on-timeout --file --env --name --tag --max-cost --max-repairs --fresh --offline --dry-run --open --detach --json --events --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=() ;;
            esac ;;
        'ls' | 'list' | 'ps')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--all --status --tag --limit --ids --json --watch --no-headers --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=() ;;
            esac ;;
        'show' | 'status' | 'info')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--json --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=($(compgen -W "$(spawnai complete sessions 2>/dev/null | cut -f1)" -- "$cur")) ;;
            esac ;;
        'extend')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--json --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=($(compgen -W "$(spawnai complete sessions 2>/dev/null | cut -f1)" -- "$cur")) ;;
            esac ;;
        'kill' | 'rm')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--all --expired --tag --yes --json --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=($(compgen -W "$(spawnai complete sessions 2>/dev/null | cut -f1)" -- "$cur")) ;;
            esac ;;
        'pause')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--json --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=($(compgen -W "$(spawnai complete sessions 2>/dev/null | cut -f1)" -- "$cur")) ;;
            esac ;;
        'resume')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--ttl --json --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=($(compgen -W "$(spawnai complete sessions 2>/dev/null | cut -f1)" -- "$cur")) ;;
            esac ;;
        'stats')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--watch --json --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=($(compgen -W "$(spawnai complete sessions 2>/dev/null | cut -f1)" -- "$cur")) ;;
            esac ;;
        'logs')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--follow --lines --raw --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=($(compgen -W "$(spawnai complete sessions 2>/dev/null | cut -f1)" -- "$cur")) ;;
            esac ;;
        'open')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=($(compgen -W "$(spawnai complete sessions 2>/dev/null | cut -f1)" -- "$cur")) ;;
            esac ;;
        'respawn')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--ttl --provider --template --internet --no-internet --env --name --tag --max-cost --open --json --events --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=($(compgen -W "$(spawnai complete sessions 2>/dev/null | cut -f1)" -- "$cur")) ;;
            esac ;;
        'export')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--number --json --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=($(compgen -d -- "$cur")) ;;
            esac ;;
        'cost')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--for --by --json --csv --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=() ;;
            esac ;;
        'plan')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--plan --json --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=() ;;
            esac ;;
        'validate')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--type --json --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=() ;;
            esac ;;
        'prompt show')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--json --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=($(compgen -W 'webapp api script' -- "$cur")) ;;
            esac ;;
        'gc')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--provider --json --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=() ;;
            esac ;;
        'doctor')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--offline --json --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=() ;;
            esac ;;
        'engine start')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--json --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=() ;;
            esac ;;
        'engine stop')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--all --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=() ;;
            esac ;;
        'engine status')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--json --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=() ;;
            esac ;;
        'engine env')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--json --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=() ;;
            esac ;;
        'config get')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--show-origin --json --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=($(compgen -W "$(spawnai complete settings 2>/dev/null | cut -f1)" -- "$cur")) ;;
            esac ;;
        'config set')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--unset --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=($(compgen -W "$(spawnai complete settings 2>/dev/null | cut -f1)" -- "$cur")) ;;
            esac ;;
        'config list')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--json --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=() ;;
            esac ;;
        'config path')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=() ;;
            esac ;;
        'keys set')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=() ;;
            esac ;;
        'keys list')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--json --quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=() ;;
            esac ;;
        'keys rm')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=() ;;
            esac ;;
        'completion')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$cur")) ;;
            esac ;;
        'help')
            case $cur in
                -*) COMPREPLY=($(compgen -W '--quiet --verbose --debug --no-color --help' -- "$cur")) ;;
                *) COMPREPLY=($(compgen -W "$(spawnai complete topics 2>/dev/null | cut -f1)" -- "$cur")) ;;
            esac ;;
    esac
}
complete -F _spawnai spawnai
