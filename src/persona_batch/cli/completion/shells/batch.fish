# Completion of `batch` in fish: the program itself answers what may follow.
function __batch_completion
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete fish $words[2..] "$current" </dev/null 2>/dev/null)
    switch "$lines[1]"
        case native
            __fish_complete_path "$current"
        case '*'
            test (count $lines) -gt 1; and printf '%s\n' $lines[2..]
    end
end
complete --command batch --no-files --arguments '(__batch_completion)'
complete --command persona-batch --no-files --arguments '(__batch_completion)'
