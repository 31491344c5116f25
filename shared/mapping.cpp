#include "shared/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

// Older C libraries lack these kernel constants (linux/memfd.h, linux/fcntl.h).
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace kayton {
namespace {

constexpr int kSizeSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
constexpr int kSoleWriterSeals = kSizeSeals | F_SEAL_FUTURE_WRITE;

tl::unexpected<Error> system_failure(const char* action, const char* label) {
    return fail(ErrorKind::kSystem,
                std::string("cannot ") + action + " shared memory for " + label + ": " + std::strerror(errno));
}

Result<UniqueFd> make_memory(const char* label, size_t size) {
    // MFD_EXEC states what was the default before Linux 6.3; kernels that do not know it refuse the flag.
    UniqueFd descriptor(::memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC));
    if (!descriptor && errno == EINVAL) {
        descriptor.reset(::memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    }
    if (!descriptor) {
        return system_failure("create", label);
    }
    if (::ftruncate(descriptor.get(), static_cast<off_t>(size)) != 0) {
        return system_failure("size", label);
    }
    return descriptor;
}

}  // namespace

Mapping::Mapping(Mapping&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
    std::swap(address_, other.address_);
    std::swap(size_, other.size_);
    return *this;
}

Mapping::~Mapping() {
    if (address_ != nullptr) {
        ::munmap(address_, size_);
    }
}

Result<Mapping> Mapping::map(int descriptor, size_t size, int protection, int flags, size_t offset) {
    void* address = ::mmap(nullptr, size, protection, flags, descriptor, static_cast<off_t>(offset));
    if (address == MAP_FAILED) {
        return fail(ErrorKind::kSystem,
                    "cannot map " + std::to_string(size) + " bytes of shared memory: " + std::strerror(errno));
    }
    return Mapping(address, size);
}

Result<UniqueFd> make_sealed_memory(const char* label, size_t size) {
    auto descriptor = make_memory(label, size);
    if (descriptor && ::fcntl(descriptor->get(), F_ADD_SEALS, kSizeSeals) != 0) {
        return system_failure("seal", label);
    }
    return descriptor;
}

Result<SoleWriterMemory> make_sole_writer_memory(const char* label, size_t size) {
    auto descriptor = make_memory(label, size);
    if (!descriptor) {
        return tl::unexpected(std::move(descriptor.error()));
    }
    auto mapping = Mapping::map(descriptor->get(), size, PROT_READ | PROT_WRITE, MAP_SHARED);
    if (!mapping) {
        return tl::unexpected(std::move(mapping.error()));
    }
    if (::fcntl(descriptor->get(), F_ADD_SEALS, kSoleWriterSeals) != 0) {
        return system_failure("seal", label);
    }
    return SoleWriterMemory{std::move(*descriptor), std::move(*mapping)};
}

bool has_size_seals(int descriptor) {
    return ::fcntl(descriptor, F_GET_SEALS) == kSizeSeals;
}

bool has_sole_writer_seals(int descriptor) {
    return ::fcntl(descriptor, F_GET_SEALS) == kSoleWriterSeals;
}

}  // namespace kayton
