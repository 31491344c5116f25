#include "kernel/messages/is_complete.h"

#include "kernel/messages/magics.h"
#include "shared/bytes.h"
#include "supervisor/cells.h"

namespace kayton::kernel {
namespace {

// How far the next line is to be indented: as the last one that has text, and further after a colon.
std::string next_indent(const std::string& code) {
    const size_t last = code.find_last_not_of(" \t\r\n");
    if (last == std::string::npos) {
        return {};
    }
    const size_t begin = code.rfind('\n', last) + 1;
    std::string indent = code.substr(begin, code.find_first_not_of(" \t", begin) - begin);
    if (code[last] == ':') {
        indent += "    ";
    }
    return indent;
}

}  // namespace

Json is_complete_reply(const std::string& code) {
    if (!is_utf8(code)) {
        return {{"status", "invalid"}};
    }
    if (const auto magic = find_magic(code)) {
        const bool more = magic->whole_cell && !code.ends_with("\n\n");
        return more ? Json{{"status", "incomplete"}, {"indent", ""}} : Json{{"status", "complete"}};
    }
    switch (Cells::completeness(code)) {
        case Cells::Completeness::kComplete: return {{"status", "complete"}};
        case Cells::Completeness::kIncomplete: return {{"status", "incomplete"}, {"indent", next_indent(code)}};
        case Cells::Completeness::kInvalid: break;
    }
    return {{"status", "invalid"}};
}

}  // namespace kayton::kernel
