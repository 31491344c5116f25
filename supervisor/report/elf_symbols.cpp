#include "supervisor/report/elf_symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <llvm/Demangle/Demangle.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "shared/shell_word.h"
#include "shared/unique_fd.h"

namespace kayton {
namespace {

constexpr size_t kLongestCall = 7;

// Copies a structure out of the file if it lies in it.
template <typename Structure>
std::optional<Structure> at(const unsigned char* data, size_t size, uint64_t offset) {
    if (offset > size || sizeof(Structure) > size - offset) {
        return std::nullopt;
    }
    Structure result;
    std::memcpy(&result, data + offset, sizeof result);
    return result;
}

// Legacy Rust names end in a hash: "plugin_hello::crash::h0123456789abcdef".
std::string without_hash(std::string name) {
    constexpr size_t kHashSize = 19;
    if (name.size() > kHashSize && name.compare(name.size() - kHashSize, 3, "::h") == 0 &&
        name.find_first_not_of("0123456789abcdef", name.size() - kHashSize + 3) == std::string::npos) {
        name.resize(name.size() - kHashSize);
    }
    return name;
}

// Names of a crate's choosing. One that repeats its parts by reference may stand for more text than there is memory:
// those of few references are shown as they were written, the others as they are.
constexpr size_t kLongestName = 1024;
constexpr auto kMostReferences = 12;

// "_ZN4core3ptr4readE": lengths and names, without references.
std::string plain_path(std::string_view name) {
    std::string path;
    name.remove_prefix(3);
    while (!name.empty() && name != "E") {
        size_t length = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), length);
        const auto digits = static_cast<size_t>(end - name.data());
        if (error != std::errc() || length == 0 || length > name.size() - digits) {
            return {};
        }
        path += (path.empty() ? "" : "::") + std::string(name.substr(digits, length));
        name.remove_prefix(digits + length);
    }
    return name.empty() ? std::string() : path;
}

}  // namespace

std::string readable_function(std::string_view name) {
    if (name.size() <= kLongestName && name.starts_with("_ZN")) {
        if (std::string path = plain_path(name); !path.empty()) {
            return printable(without_hash(std::move(path)));
        }
    }
    const auto count = [&](char letter) { return std::count(name.begin(), name.end(), letter); };
    const auto references = name.starts_with("_R") ? count('B') : count('S') + count('T');
    if (name.size() > kLongestName || references > kMostReferences) {
        return printable(name, kLongestName);
    }
    return printable(without_hash(llvm::demangle(name)), kLongestName);
}

ElfSymbols::ElfSymbols(const std::filesystem::path& file) {
    const UniqueFd descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status{};
    if (!descriptor || ::fstat(descriptor.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) {
        return;
    }
    void* data = ::mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_PRIVATE, descriptor.get(), 0);
    if (data != MAP_FAILED) {
        data_ = static_cast<const unsigned char*>(data);
        size_ = static_cast<size_t>(status.st_size);
    }
}

ElfSymbols::~ElfSymbols() {
    if (data_ != nullptr) {
        ::munmap(const_cast<unsigned char*>(data_), size_);
    }
}

std::string ElfSymbols::function_at(uint64_t file_offset) const {
    const auto header = at<Elf64_Ehdr>(data_, size_, 0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64) {
        return {};
    }
    // Symbols carry addresses; the program headers say which address the offset is loaded at.
    std::optional<uint64_t> address;
    for (uint64_t index = 0; index < header->e_phnum && !address; ++index) {
        const auto segment = at<Elf64_Phdr>(data_, size_, header->e_phoff + index * sizeof(Elf64_Phdr));
        if (segment && segment->p_type == PT_LOAD && file_offset >= segment->p_offset &&
            file_offset - segment->p_offset < segment->p_filesz) {
            address = segment->p_vaddr + (file_offset - segment->p_offset);
        }
    }
    if (!address) {
        return {};
    }
    if (!indexed_) {
        index_functions(header->e_shoff, header->e_shnum);
        indexed_ = true;
    }
    // The nearest that begin at or before it; one may lie within another.
    constexpr int kMostNested = 64;
    auto next = std::upper_bound(functions_.begin(), functions_.end(), *address,
                                 [](uint64_t wanted, const Function& function) { return wanted < function.start; });
    for (int tries = 0; tries < kMostNested && next != functions_.begin(); ++tries) {
        --next;
        if (*address - next->start < next->size) {
            const auto* text = reinterpret_cast<const char*>(data_ + next->name);
            return readable_function({text, strnlen(text, size_ - next->name)});
        }
    }
    return {};
}

// A crash asks for many places of the same few files: they are looked through once.
void ElfSymbols::index_functions(uint64_t sections, uint64_t count) const {
    for (uint64_t index = 0; index < count; ++index) {
        const auto section = at<Elf64_Shdr>(data_, size_, sections + index * sizeof(Elf64_Shdr));
        if (!section || (section->sh_type != SHT_SYMTAB && section->sh_type != SHT_DYNSYM)) {
            continue;
        }
        const auto strings = at<Elf64_Shdr>(data_, size_, sections + section->sh_link * sizeof(Elf64_Shdr));
        if (!strings || strings->sh_offset > size_) {
            continue;
        }
        for (uint64_t entries = section->sh_size / sizeof(Elf64_Sym), entry = 0; entry < entries; ++entry) {
            const auto symbol = at<Elf64_Sym>(data_, size_, section->sh_offset + entry * sizeof(Elf64_Sym));
            if (!symbol) {
                break;
            }
            const uint64_t name = strings->sh_offset + symbol->st_name;
            if (ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_shndx != SHN_UNDEF && name < size_) {
                functions_.push_back({symbol->st_value, symbol->st_size, name});
            }
        }
    }
    // Of several at one place the first in the file is the one that is found: the search goes backwards.
    std::reverse(functions_.begin(), functions_.end());
    std::stable_sort(functions_.begin(), functions_.end(),
                     [](const Function& one, const Function& other) { return one.start < other.start; });
}

bool ElfSymbols::follows_call(uint64_t file_offset) const {
    return file_offset <= size_ && ends_with_call(data_ + file_offset, file_offset);
}

bool ends_with_call(const unsigned char* end, size_t available) {
    if (available >= 5 && end[-5] == 0xE8) {
        return true;  // call rel32
    }
    // call r/m64: FF /2 with 0, 1 or 4 bytes of displacement and perhaps a SIB byte.
    for (size_t length = 2; length <= kLongestCall && length <= available; ++length) {
        if (end[-static_cast<ptrdiff_t>(length)] == 0xFF && ((end[1 - static_cast<ptrdiff_t>(length)] >> 3) & 7) == 2) {
            return true;
        }
    }
    return false;
}

}  // namespace kayton
