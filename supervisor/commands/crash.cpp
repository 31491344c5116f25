// kayton crash show, kayton crash list: the reports of workers that ended badly, the last ones of which are kept.
#include <cstdio>
#include <string>

#include "shared/text_file.h"
#include "supervisor/commands/commands.h"
#include "supervisor/commands/crash_message.h"
#include "supervisor/report/crash_store.h"

namespace kayton {

int crash_command(const CrashCommand& command) {
    const auto folder = crash_folder();
    if (!folder) {
        return report_error(folder.error());
    }
    const auto files = kept_crashes(*folder);
    if (command.list) {
        size_t number = 0;
        for (const auto& file : files) {
            const auto crash = read_crash(file);
            std::printf("%2zu  %s\n", ++number,
                        crash ? (crash->time + "  " + crash->command + "\n    " + crash->report.summary).c_str()
                              : crash.error().message.c_str());
        }
        return 0;
    }
    if (command.number > files.size()) {
        return report_error({ErrorKind::kNotFound,
                             files.empty() ? "no crash has been recorded"
                                           : "there are only " + std::to_string(files.size()) + " crash reports",
                             files.empty() ? "" : "`kayton crash list` shows them"});
    }
    const auto& file = files[command.number - 1];
    if (command.json) {
        const auto text = read_text_file(file);
        if (!text) {
            return report_error(text.error());
        }
        std::fputs(text->c_str(), stdout);
        return 0;
    }
    const auto crash = read_crash(file);
    if (!crash) {
        return report_error(crash.error());
    }
    std::fputs(render_crash(*crash).c_str(), stdout);
    return 0;
}

}  // namespace kayton
