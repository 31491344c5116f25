// Names the function that an address of a shared library belongs to, from the library's own symbol tables.
// The file is read as data from outside: every offset is checked, nothing in it is executed.
// One thread an object.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

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
    struct Function {
        uint64_t start;
        uint64_t size;
        uint64_t name;  // offset in the file
    };
    void index_functions(uint64_t sections, uint64_t count) const;

    const unsigned char* data_ = nullptr;
    size_t size_ = 0;
    mutable std::vector<Function> functions_;  // by start, once indexed_
    mutable bool indexed_ = false;
};

// A symbol as a person reads it, in at most a kilobyte that any terminal may show. A name that stands for much more text
// than it is long is left as it is.
[[nodiscard]] std::string readable_function(std::string_view symbol);

// True when the `available` bytes that end at `end` end with an x86-64 call instruction.
[[nodiscard]] bool ends_with_call(const unsigned char* end, size_t available);

}  // namespace kayton
