# Completion of `batch` in bash: the program itself answers what may follow.
_batch_completion() {
    local last=${COMP_WORDS[COMP_CWORD]} left=${COMP_LINE:0:COMP_POINT} kind='' line
    while [[ -n $last && $left != *"$last" ]]; do last=${last%?}; done # what stands behind the cursor is not typed yet
    COMPREPLY=()
    {
        IFS= read -r kind
        while IFS= read -r line; do COMPREPLY+=("${line%%$'\t'*}"); done
    } < <("$1" __complete bash "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$last" </dev/null 2>/dev/null)
    case $kind in # an old bash has no compopt, and completes all the same
    files) compopt -o filenames ;;
    open) compopt -o nospace ;;
    native) compopt -o default -o filenames ;;
    esac 2>/dev/null
}
complete -F _batch_completion batch persona-batch
