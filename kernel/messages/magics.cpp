#include "kernel/messages/magics.h"

#include <algorithm>
#include <cctype>

#include "supervisor/cells.h"

namespace kayton::kernel {
namespace {

std::string_view trimmed(std::string_view text) {
    const size_t begin = text.find_first_not_of(" \t\r\n");
    return begin == std::string_view::npos ? std::string_view()
                                           : text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

bool is_path(std::string_view text) {
    return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' ||
                      (static_cast<unsigned char>(c) & 0x80U) != 0;
           });
}

}  // namespace

std::optional<Magic> find_magic(const std::string& code) {
    std::string_view text = trimmed(code);
    if (text.starts_with('%')) {
        Magic magic;
        magic.whole_cell = text.starts_with("%%");
        text.remove_prefix(magic.whole_cell ? 2 : 1);
        const size_t line_end = text.find('\n');
        std::string_view line = text.substr(0, line_end);
        if (line_end != std::string_view::npos) {
            const size_t at = static_cast<size_t>(text.data() - code.data()) + line_end + 1;
            magic.body = std::string(lines_before(code, at), '\n').append(text.substr(line_end + 1));
        }
        const size_t name_end = std::min(line.find_first_of(" \t"), line.size());
        magic.name = std::string(trimmed(line.substr(0, name_end)));
        magic.argument = std::string(trimmed(line.substr(name_end)));
        return magic;
    }
    std::string_view name = text;
    while (name.ends_with('?')) {
        name.remove_suffix(1);
    }
    while (name.starts_with('?')) {
        name.remove_prefix(1);
    }
    const bool source = text.size() - name.size() >= 2;
    name = trimmed(name);
    if (name.size() < text.size() && is_path(name)) {
        return Magic{source ? "??" : "?", std::string(name), {}, false};
    }
    return std::nullopt;
}

size_t lines_before(std::string_view text, size_t at) {
    return static_cast<size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

const std::vector<MagicInfo>& known_magics() {
    static const std::vector<MagicInfo> magics{
        {"%checkpoint NAME", "keeps the variables as they are now; without a name: those that are kept"},
        {"%env", "the environment, its folder, and its crates; %env NAME, %env NAME=VALUE: a variable of the program's"},
        {"%kik ARGUMENTS", "runs kik for this kernel's environment: %kik rinstall regex"},
        {"%lsmagic", "this list"},
        {"%permissions", "what the program may touch outside of its worker"},
        {"%restore NAME", "puts every variable back to a checkpoint; %undo takes that back"},
        {"%restart", "begins anew with another worker; every variable goes"},
        {"%stale", "the cells that used what has been defined anew since"},
        {"%time STATEMENT", "runs a statement and says how long it took"},
        {"%timeit EXPRESSION", "runs it often and says how long one time takes"},
        {"%undo [N]", "puts every variable back to before the last N cells (1)"},
        {"%who", "the names that cells have defined, and their types"},
        {"%%bash", "runs the cell as a script of bash, where the permission to run bash, and what it calls, is given"},
        {"%%sh", "the same with sh"},
        {"%%time", "runs the cell and says how long it took"},
        {"%%timeit", "runs the cell often and says how long one time takes"},
        {"NAME?", "what a name is"},
        {"NAME??", "the same, with the text of a function or class"},
    };
    return magics;
}

std::string nearest_magic(const std::string& name, bool whole_cell) {
    std::vector<std::string> names;
    for (const MagicInfo& info : known_magics()) {
        const std::string_view usage = info.usage.substr(0, info.usage.find(' '));
        if (usage.starts_with("%%") == whole_cell && usage.starts_with('%')) {
            names.emplace_back(usage.substr(whole_cell ? 2 : 1));
        }
    }
    const std::string near = nearest_name(name, names);
    return near.empty() ? near : (whole_cell ? "%%" : "%") + near;
}

}  // namespace kayton::kernel
