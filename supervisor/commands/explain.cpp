// kayton explain [CODE]: the page of a diagnostic, or the list of all of them.
#include "compiler/diagnostics/explanations.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <string>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "supervisor/commands/commands.h"

namespace kayton {
namespace {

int list_codes() {
    std::vector<DiagInfo> infos = all_diag_infos();
    std::sort(infos.begin(), infos.end(),
              [](const DiagInfo& a, const DiagInfo& b) { return std::string_view(a.code) < b.code; });
    for (const DiagInfo& info : infos) {
        std::printf("%s  %s\n", info.code, info.summary);
    }
    return 0;
}

// "308", "e308" and "E308" are E0308 too.
std::string whole_code(std::string code) {
    if (!code.empty() && (code.front() == 'e' || code.front() == 'E')) {
        code.erase(0, 1);
    }
    const bool digits = std::all_of(code.begin(), code.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    if (digits && code.size() < 4) {
        code.insert(0, 4 - code.size(), '0');
    }
    return "E" + code;
}

}  // namespace

int explain_command(const ExplainCommand& command) {
    if (command.code.empty()) {
        return list_codes();
    }
    const std::string code = whole_code(command.code);
    if (const char* page = diagnostic_page(code)) {
        std::fputs(page, stdout);
        return 0;
    }
    std::vector<std::string> codes;
    for (const DiagInfo& info : all_diag_infos()) {
        codes.emplace_back(info.code);
    }
    const std::string near = nearest_name(code, codes);
    return report_error(
        {ErrorKind::kInput, "there is no error code " + command.code,
         (near.empty() ? std::string() : "did you mean " + near + "? ") + "`kayton explain` lists the codes"});
}

}  // namespace kayton
