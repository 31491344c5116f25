// The logo files of a kernelspec, carried inside kik. Constant tables, any thread.
#pragma once

#include <span>
#include <string_view>

namespace kayton::kik {

struct LogoFile {
    std::string_view name;  // "logo-32x32.png"
    std::string_view bytes;
};
[[nodiscard]] std::span<const LogoFile> logo_files();

}  // namespace kayton::kik
