#include <fmt/format.h>

#include "kik/shell/command_tree.h"

namespace kayton::kik {
namespace {

// What the first positional of a command is a name of.
const char* completes(const std::string& command) {
    for (const char* name : {"activate", "remove", "rename", "clone", "pack"}) {
        if (command == name) return "environments";
    }
    for (const char* name : {"uninstall", "info", "path", "tree", "upgrade", "log"}) {
        if (command == name) return "crates";
    }
    return "";
}

std::string words_of(const CommandNode& node, const CommandNode& root) {
    std::string words;
    const auto add = [&](const std::string& word) { words += (words.empty() ? "" : " ") + word; };
    for (const CommandNode& command : node.commands) add(command.name.substr(command.name.rfind(' ') + 1));
    for (const CommandOption& option : node.options) {
        for (const std::string& name : option.names) add(name);
    }
    if (&node == &root) return words;
    for (const CommandOption& option : root.options) {
        for (const std::string& name : option.names) {
            if (name != "-h" && name != "--help" && name != "--version") add(name);
        }
    }
    return words;
}

std::string quoted(const std::string& text, const char* quote_as) {
    std::string result;
    for (const char c : text) result += c == '\'' ? std::string(quote_as) : std::string(1, c);
    return "'" + result + "'";
}

std::string bash(const CommandNode& root) {
    std::string cases;
    for (const CommandNode& command : root.commands) {
        std::string below;
        for (const CommandNode& sub : command.commands) below += (below.empty() ? "" : "|") + sub.name.substr(command.name.size() + 1);
        const std::string names = completes(command.name);
        cases += fmt::format("        {})\n            words={}\n", command.name, quoted(words_of(command, root), "'\\''"));
        if (!names.empty()) cases += fmt::format("            [[ \"$current\" == -* ]] || words=\"$(command kik list --names {} 2>/dev/null)\"\n", names);
        if (command.name == "unpack" || command.name == "import") cases += "            [[ \"$current\" == -* ]] || files=1\n";
        cases += "            ;;\n";
    }
    return fmt::format(R"SH(# bash completion of kik: eval "$(kik completions bash)"
_kik() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}" command="" words="" files="" word
    COMPREPLY=()
    case "$previous" in
        -e|--env) COMPREPLY=($(compgen -W "$(command kik list --names environments 2>/dev/null)" -- "$current")); return ;;
        --color) COMPREPLY=($(compgen -W "auto always never" -- "$current")); return ;;
        --path|-o|--output|--db) COMPREPLY=($(compgen -f -- "$current")); return ;;
    esac
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        [[ "$word" == -* ]] || {{ command="$word"; break; }}
    done
    case "$command" in
        "") words={0} ;;
{1}    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    [[ -z "$files" ]] || COMPREPLY=($(compgen -f -- "$current"))
}}
complete -o filenames -o bashdefault -F _kik kik
)SH", quoted(words_of(root, root), "'\\''"), cases);
}

std::string zsh(const CommandNode& root) {
    const auto escaped = [](const std::string& text) {
        std::string result;
        for (const char c : text) {
            if (c == '\'') result += "'\\''";
            else if (c == '[' || c == ']' || c == ':') result += std::string("\\") + c;
            else result += c;
        }
        return result;
    };
    const auto options = [&](const CommandNode& node) {
        std::string text;
        for (const CommandOption& option : node.options) {
            for (const std::string& name : option.names) {
                text += fmt::format(" '{}[{}]{}'", name, escaped(option.description),
                                    option.value.empty() ? "" : name == "-e" || name == "--env" ? ":environment:_kik_environments" : ":value:_files");
            }
        }
        return text;
    };
    std::string list, cases;
    for (const CommandNode& command : root.commands) {
        list += fmt::format("        '{}:{}'\n", command.name, escaped(command.description));
        const std::string names = completes(command.name);
        std::string rest = names.empty() ? " '*:file:_files'" : " '*:" + names + ":_kik_" + names + "'";
        if (!command.commands.empty()) {
            std::string below;
            for (const CommandNode& sub : command.commands) below += (below.empty() ? "" : " ") + sub.name.substr(command.name.size() + 1);
            rest = " '1:command:(" + below + ")'";
        }
        cases += fmt::format("        {}) _arguments -S{}{}{} ;;\n", command.name, options(command), options(root), rest);
    }
    return fmt::format(R"SH(#compdef kik
# zsh completion of kik: eval "$(kik completions zsh)", or a file _kik in a folder of $fpath
_kik_environments() {{ local -a names; names=(${{(f)"$(command kik list --names environments 2>/dev/null)"}}); compadd -a names }}
_kik_crates() {{ local -a names; names=(${{(f)"$(command kik list --names crates 2>/dev/null)"}}); compadd -a names }}
_kik() {{
    local -a commands
    commands=(
{0})
    if (( CURRENT == 2 )) && [[ "$words[2]" != -* ]]; then
        _describe command commands
        return
    fi
    local command="$words[2]"
    shift words
    (( CURRENT-- ))
    case "$command" in
{1}        *) _arguments -S{2} ;;
    esac
}}
if [[ "$funcstack[1]" == _kik ]]; then _kik "$@"; elif (( $+functions[compdef] )); then compdef _kik kik; fi
)SH", list, cases, options(root));
}

std::string fish(const CommandNode& root) {
    std::string text = "# fish completion of kik: kik completions fish | source\n"
                       "function __kik_names\n    command kik list --names $argv[1] 2>/dev/null\nend\n"
                       "complete -c kik -f\n";
    const auto options = [&](const CommandNode& node, const std::string& condition) {
        for (const CommandOption& option : node.options) {
            std::string line = "complete -c kik" + condition;
            for (const std::string& name : option.names) {
                line += name.rfind("--", 0) == 0 ? " -l " + name.substr(2) : " -s " + name.substr(1);
            }
            const bool environment = !option.names.empty() && (option.names.front() == "-e" || option.names.back() == "--env");
            if (!option.value.empty()) line += environment ? " -x -a '(__kik_names environments)'" : " -r";
            text += line + " -d " + quoted(option.description, "\\'") + "\n";
        }
    };
    options(root, "");
    for (const CommandNode& command : root.commands) {
        text += fmt::format("complete -c kik -n __fish_use_subcommand -a {} -d {}\n", command.name, quoted(command.description, "\\'"));
        const std::string when = fmt::format(" -n '__fish_seen_subcommand_from {}'", command.name);
        options(command, when);
        for (const CommandNode& sub : command.commands) {
            text += fmt::format("complete -c kik{} -a {} -d {}\n", when, sub.name.substr(command.name.size() + 1), quoted(sub.description, "\\'"));
        }
        const std::string names = completes(command.name);
        if (!names.empty()) text += fmt::format("complete -c kik{} -a '(__kik_names {})'\n", when, names);
        if (command.name == "unpack" || command.name == "import" || command.name == "run") text += fmt::format("complete -c kik{} -F\n", when);
    }
    return text;
}

std::string powershell(const CommandNode& root) {
    std::string table;
    for (const CommandNode& command : root.commands) {
        std::string words, list = words_of(command, root);
        for (size_t at = 0; at <= list.size();) {
            const size_t end = std::min(list.find(' ', at), list.size());
            words += (words.empty() ? "'" : ", '") + list.substr(at, end - at) + "'";
            at = end + 1;
        }
        table += fmt::format("        '{}' = @({})\n", command.name, words);
    }
    std::string names, all = words_of(root, root);
    for (size_t at = 0; at <= all.size();) {
        const size_t end = std::min(all.find(' ', at), all.size());
        names += (names.empty() ? "'" : ", '") + all.substr(at, end - at) + "'";
        at = end + 1;
    }
    return fmt::format(R"PS(# PowerShell completion of kik: kik completions powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName kik -ScriptBlock {{
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @{{
{0}    }}
    $program = (Get-Command -CommandType Application kik | Select-Object -First 1).Source
    $typed = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object {{ $_.ToString() }})
    $command = $typed | Where-Object {{ $_ -notlike '-*' -and $words.ContainsKey($_) }} | Select-Object -First 1
    $offered = @({1})
    if ($command) {{
        $offered = $words[$command]
        if ($wordToComplete -notlike '-*') {{
            if ($command -in 'activate', 'remove', 'rename', 'clone', 'pack') {{ $offered = @(& $program list --names environments) }}
            if ($command -in 'uninstall', 'info', 'path', 'tree', 'upgrade', 'log') {{ $offered = @(& $program list --names crates) }}
        }}
    }}
    $offered | Where-Object {{ $_ -like "$wordToComplete*" }} | ForEach-Object {{
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }}
}}
)PS", table, names);
}

}  // namespace

std::string completion_script(const CommandNode& root, const std::string& shell) {
    if (shell == "bash") return bash(root);
    if (shell == "zsh") return zsh(root);
    return shell == "fish" ? fish(root) : powershell(root);
}

}  // namespace kayton::kik
