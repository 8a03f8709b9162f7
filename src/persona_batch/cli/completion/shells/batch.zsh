#compdef batch persona-batch
# Completion of `batch` in zsh: the program itself answers what may follow.
_batch_completion() {
    local program=${(Q)words[1]} kind line
    local -a lines values shown
    lines=("${(@f)$(${~program} __complete zsh "${(@)words[2,CURRENT-1]}" "$PREFIX" </dev/null 2>/dev/null)}")
    kind=$lines[1]
    for line in "${(@)lines[2,-1]}"; do
        values+=("${line%%$'\t'*}")
        shown+=("${line%%$'\t'*}${${line#*$'\t'}:+  -- ${line#*$'\t'}}")
    done
    case $kind in
    files)
        [[ $PREFIX == --*=* ]] && compset -P '*=' && values=("${(@)values#*=}")
        compadd -f -S '' -- "${(@M)values:#*/}"
        compadd -f -- "${(@)values:#*/}"
        ;;
    words) compadd -l -d shown -- "${(@)values}" ;;
    open) compadd -S '' -- "${(@)values}" ;;
    native)
        [[ $PREFIX == --*=* ]] && compset -P '*='
        _files
        ;;
    esac
}
if (( ! $+functions[compdef] )); then
    autoload -Uz compinit && compinit -i
fi
compdef _batch_completion batch persona-batch
