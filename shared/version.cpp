#include "shared/version.h"

#include <fmt/format.h>

#include "shared/kayton_api.h"

namespace kayton {
namespace {

#ifdef __clang__
constexpr std::string_view kCompiler = "Clang " __clang_version__;
#else
constexpr std::string_view kCompiler = "GCC " __VERSION__;
#endif

}  // namespace

std::string version_line(std::string_view program, std::string_view more) {
    return fmt::format("{} {} (plugin ABI v{}, {}-linux, {}{}{})", program, KAYTON_VERSION, KAYTON_PLUGIN_ABI_VERSION,
                       KAYTON_PROCESSOR, kCompiler, more.empty() ? "" : ", ", more);
}

}  // namespace kayton
