// SHA-256 (FIPS 180-4): what says that a file on disk is still the one that was installed. Uses the processor's own
// instructions where it has them (about 2 GB/s), else plain code. Plain values, safe in any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "shared/result.h"

namespace kayton {

class Sha256 {
  public:
    Sha256& add(std::string_view data);
    // 64 hexadecimal digits. The object cannot be used afterwards.
    [[nodiscard]] std::string finish();

  private:
    void take(const uint8_t* blocks, size_t count);
    std::array<uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<uint8_t, 64> pending_{};
    size_t pending_size_ = 0;
    uint64_t size_ = 0;
};

[[nodiscard]] std::string sha256(std::string_view data);
// kNotFound when there is no such file, kSystem when it cannot be read.
[[nodiscard]] Result<std::string> sha256_of_file(const std::filesystem::path& file);

}  // namespace kayton
