// Names the function that an address of a shared library belongs to, from the library's own symbol tables.
// The file is read as data from outside: every offset is checked, nothing in it is executed.
// Plain functions, safe in any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace kayton {

class ElfSymbols {
  public:
    // Maps the file; one that cannot be read or is not a 64-bit ELF file has no symbols.
    explicit ElfSymbols(const std::filesystem::path& file);
    ElfSymbols(const ElfSymbols&) = delete;
    ElfSymbols& operator=(const ElfSymbols&) = delete;
    ~ElfSymbols();

    // The function at an offset of the file, as Rust or C++ write it ("plugin_hello::crash"); empty when unknown.
    [[nodiscard]] std::string function_at(uint64_t file_offset) const;
    // True when the bytes before the offset are a call instruction: the offset can be a return address.
    [[nodiscard]] bool follows_call(uint64_t file_offset) const;

  private:
    const unsigned char* data_ = nullptr;
    size_t size_ = 0;
};

// True when the `available` bytes that end at `end` end with an x86-64 call instruction.
[[nodiscard]] bool ends_with_call(const unsigned char* end, size_t available);

}  // namespace kayton
