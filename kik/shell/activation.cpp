#include "kik/shell/activation.h"

#include <fmt/format.h>

namespace kayton::kik {
namespace {

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

// bash and zsh share this: no arrays, no [[ ]], nothing that `set -u` or `set -e` minds.
constexpr const char* kPosixInit = R"SH(kik() {
    case "${1-}" in
        activate|deactivate)
            local __kayton_code
            __kayton_code="$(command @KIK@ "$@" --shell @SHELL@)" || return $?
            eval "$__kayton_code"
            ;;
        *)
            command @KIK@ "$@"
            ;;
    esac
}
# A shell started where an environment is active shows it as well.
if [ -n "${_KAYTON_PROMPT-}" ] && [ -n "${PS1-}" ]; then
    PS1="$_KAYTON_PROMPT${PS1#"$_KAYTON_PROMPT"}"
fi
)SH";

constexpr const char* kPosixDeactivate = R"SH(if [ -n "${_KAYTON_BIN-}" ]; then
    _kayton_path=":$PATH:"
    case "$_kayton_path" in
        *":$_KAYTON_BIN:"*) _kayton_path="${_kayton_path%%":$_KAYTON_BIN:"*}:${_kayton_path#*":$_KAYTON_BIN:"}" ;;
    esac
    _kayton_path="${_kayton_path#:}"
    PATH="${_kayton_path%:}"
    export PATH
    unset _kayton_path _KAYTON_BIN
    hash -r 2>/dev/null || true
fi
if [ -n "${_KAYTON_PROMPT-}" ] && [ -n "${PS1-}" ]; then
    PS1="${PS1#"$_KAYTON_PROMPT"}"
fi
unset _KAYTON_PROMPT
unset KAYTON_ACTIVE_ENV
)SH";

// Exported, so that a shell started from this one can go back as well.
constexpr const char* kPosixActivate = R"SH(export KAYTON_ACTIVE_ENV=@NAME@
export _KAYTON_BIN=@BIN@
PATH="$_KAYTON_BIN:$PATH"
export PATH
if [ -z "${KAYTON_DISABLE_PROMPT-}" ] && [ -n "${PS1-}" ]; then
    export _KAYTON_PROMPT=@PROMPT@
    PS1="$_KAYTON_PROMPT$PS1"
fi
hash -r 2>/dev/null || true
)SH";

constexpr const char* kFishInit = R"SH(function kik
    if contains -- "$argv[1]" activate deactivate
        set -l __kayton_code (command @KIK@ $argv --shell fish | string collect)
        or return $status
        eval $__kayton_code
    else
        command @KIK@ $argv
    end
end
)SH";

constexpr const char* kFishDeactivate = R"SH(if set -q _KAYTON_BIN
    set -l _kayton_at (contains -i -- $_KAYTON_BIN $PATH)
    and set -e PATH[$_kayton_at]
    set -e _KAYTON_BIN
end
if functions -q _kayton_old_fish_prompt
    functions -e fish_prompt
    functions -c _kayton_old_fish_prompt fish_prompt
    functions -e _kayton_old_fish_prompt
end
set -e _KAYTON_PROMPT
set -e KAYTON_ACTIVE_ENV
true
)SH";

constexpr const char* kFishActivate = R"SH(set -gx KAYTON_ACTIVE_ENV @NAME@
set -gx _KAYTON_BIN @BIN@
set -gx PATH $_KAYTON_BIN $PATH
if not set -q KAYTON_DISABLE_PROMPT; and functions -q fish_prompt
    set -gx _KAYTON_PROMPT @PROMPT@
    functions -c fish_prompt _kayton_old_fish_prompt
    function fish_prompt
        printf '%s' $_KAYTON_PROMPT
        _kayton_old_fish_prompt
    end
end
)SH";

// The prompt is a function there; the one before is kept as a variable of the session.
constexpr const char* kPowerShellInit = R"PS(function global:kik {
    if ($args.Count -gt 0 -and $args[0] -in 'activate', 'deactivate') {
        $kaytonCode = & @KIK@ @args --shell powershell | Out-String
        if ($LASTEXITCODE -eq 0) { Invoke-Expression $kaytonCode }
    } else {
        & @KIK@ @args
    }
}
)PS";

constexpr const char* kPowerShellDeactivate = R"PS(if ($env:_KAYTON_BIN) {
    $kaytonParts = [System.Collections.Generic.List[string]]($env:PATH -split [System.IO.Path]::PathSeparator)
    [void]$kaytonParts.Remove($env:_KAYTON_BIN)
    $env:PATH = $kaytonParts -join [System.IO.Path]::PathSeparator
    Remove-Item env:_KAYTON_BIN
}
if (Test-Path variable:global:_KAYTON_OLD_PROMPT) {
    Set-Item function:global:prompt $global:_KAYTON_OLD_PROMPT
    Remove-Variable -Scope Global _KAYTON_OLD_PROMPT
}
Remove-Item env:KAYTON_ACTIVE_ENV -ErrorAction SilentlyContinue
)PS";

constexpr const char* kPowerShellActivate = R"PS($env:KAYTON_ACTIVE_ENV = @NAME@
$env:_KAYTON_BIN = @BIN@
$env:PATH = $env:_KAYTON_BIN + [System.IO.Path]::PathSeparator + $env:PATH
if (-not $env:KAYTON_DISABLE_PROMPT -and (Test-Path function:prompt)) {
    $global:_KAYTON_OLD_PROMPT = $function:prompt
    function global:prompt { @PROMPT@ + (& $global:_KAYTON_OLD_PROMPT) }
}
)PS";

struct Scripts {
    const char *init, *activate, *deactivate;
};

Scripts scripts_of(Shell shell) {
    switch (shell) {
        case Shell::kFish: return {kFishInit, kFishActivate, kFishDeactivate};
        case Shell::kPowerShell: return {kPowerShellInit, kPowerShellActivate, kPowerShellDeactivate};
        case Shell::kBash:
        case Shell::kZsh: break;
    }
    return {kPosixInit, kPosixActivate, kPosixDeactivate};
}

}  // namespace

std::optional<Shell> parse_shell(const std::string& name) {
    const std::string base = std::filesystem::path(name).filename().string();
    if (base == "bash" || base == "sh") return Shell::kBash;
    if (base == "zsh") return Shell::kZsh;
    if (base == "fish") return Shell::kFish;
    if (base == "pwsh" || base == "powershell") return Shell::kPowerShell;
    return std::nullopt;
}

const char* shell_name(Shell shell) {
    switch (shell) {
        case Shell::kBash: return "bash";
        case Shell::kZsh: return "zsh";
        case Shell::kFish: return "fish";
        case Shell::kPowerShell: break;
    }
    return "powershell";
}

std::string integration_line(Shell shell) {
    if (shell == Shell::kFish) return "kik shell-init fish | source";
    if (shell == Shell::kPowerShell) return "kik shell-init powershell | Out-String | Invoke-Expression";
    return fmt::format("eval \"$(kik shell-init {})\"", shell_name(shell));
}

const char* startup_file(Shell shell) {
    switch (shell) {
        case Shell::kBash: return "~/.bashrc";
        case Shell::kZsh: return "~/.zshrc";
        case Shell::kFish: return "~/.config/fish/config.fish";
        case Shell::kPowerShell: break;
    }
    return "$PROFILE";
}

std::string quoted(Shell shell, const std::string& text) {
    if (shell == Shell::kFish) return "'" + replace_all(replace_all(text, "\\", "\\\\"), "'", "\\'") + "'";
    if (shell == Shell::kPowerShell) return "'" + replace_all(text, "'", "''") + "'";
    return "'" + replace_all(text, "'", "'\\''") + "'";
}

std::string shell_init_script(Shell shell, const std::filesystem::path& kik) {
    const std::string script = replace_all(scripts_of(shell).init, "@SHELL@", shell_name(shell));
    return replace_all(script, "@KIK@", quoted(shell, kik.string()));
}

std::string activation_script(Shell shell, const std::string& name, const std::filesystem::path& bin) {
    std::string script = scripts_of(shell).activate;
    // In a zsh prompt `%` starts an escape; names have none, so the text is the same in every shell.
    script = replace_all(script, "@PROMPT@", quoted(shell, "(" + name + ") "));
    script = replace_all(script, "@NAME@", quoted(shell, name));
    script = replace_all(script, "@BIN@", quoted(shell, bin.string()));
    return deactivation_script(shell) + script;
}

std::string deactivation_script(Shell shell) {
    return scripts_of(shell).deactivate;
}

}  // namespace kayton::kik
