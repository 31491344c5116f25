#include "kik/archive/tar_zst.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <zstd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include "kik/cargo/interrupt.h"
#include "kik/environment/durable_file.h"
#include "shared/unique_fd.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBlock = 512;

struct CloseReader {
    void operator()(archive* open) const { archive_read_free(open); }
};

// Neither absolute nor upwards.
bool stays_inside(const fs::path& path) {
    return !path.empty() && path.is_relative() &&
           std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

Result<void> write_all(int descriptor, const fs::path& file, archive* from) {
    const void* block = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    while (true) {
        const int status = archive_read_data_block(from, &block, &size, &offset);
        if (status == ARCHIVE_EOF) return {};
        if (status != ARCHIVE_OK) {
            return fail(ErrorKind::kInput, std::string("the archive is damaged: ") + archive_error_string(from));
        }
        const char* at = static_cast<const char*>(block);
        while (size > 0) {
            const ssize_t count = ::pwrite(descriptor, at, size, offset);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return tl::unexpected<Error>(system_error("write", file, errno));
            at += count;
            offset += count;
            size -= static_cast<size_t>(count);
        }
    }
}

// A link that was unpacked before must not lead what follows it outside.
bool through_a_link(const fs::path& folder, const fs::path& name) {
    std::error_code error;
    fs::path at = folder;
    for (const fs::path& part : name.parent_path()) {
        at /= part;
        if (fs::is_symlink(fs::symlink_status(at, error))) return true;
    }
    return false;
}

}  // namespace

struct TarWriter::Stream {
    struct Free {
        void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    };
    std::unique_ptr<ZSTD_CCtx, Free> context{ZSTD_createCCtx()};
    UniqueFd descriptor;
    std::vector<char> buffer = std::vector<char>(ZSTD_CStreamOutSize());

    // 0, or what the system said.
    int compress(const char* data, size_t size, ZSTD_EndDirective end) {
        ZSTD_inBuffer input{data, size, 0};
        while (true) {
            ZSTD_outBuffer output{buffer.data(), buffer.size(), 0};
            const size_t left = ZSTD_compressStream2(context.get(), &output, &input, end);
            if (ZSTD_isError(left) != 0) return ENOMEM;
            for (size_t at = 0; at < output.pos;) {
                const ssize_t count = ::write(descriptor.get(), buffer.data() + at, output.pos - at);
                if (count < 0 && errno == EINTR) continue;
                if (count < 0) return errno;
                at += static_cast<size_t>(count);
            }
            if (end == ZSTD_e_continue ? input.pos == input.size : left == 0) return 0;
        }
    }
};

TarWriter::TarWriter(TarWriter&&) noexcept = default;

Result<TarWriter> TarWriter::create(const fs::path& file) {
    TarWriter writer;
    writer.file_ = file;
    writer.fresh_ = file.string() + ".new";
    writer.stream_ = std::make_unique<Stream>();
    ZSTD_CCtx_setParameter(writer.stream_->context.get(), ZSTD_c_compressionLevel, 5);
    ZSTD_CCtx_setParameter(writer.stream_->context.get(), ZSTD_c_checksumFlag, 1);
    writer.stream_->descriptor.reset(::open(writer.fresh_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!writer.stream_->descriptor) return tl::unexpected<Error>(system_error("write", file, errno));
    return writer;
}

TarWriter::~TarWriter() {
    if (!stream_) return;
    stream_.reset();
    ::unlink(fresh_.c_str());
}

Result<void> TarWriter::write(const char* data, size_t size) {
    if (const int reason = stream_->compress(data, size, ZSTD_e_continue); reason != 0) {
        return tl::unexpected<Error>(system_error("write", file_, reason));
    }
    return {};
}

Result<void> TarWriter::pad(uint64_t size) {
    constexpr std::array<char, kBlock> kZeros{};
    return size % kBlock == 0 ? Result<void>() : write(kZeros.data(), kBlock - size % kBlock);
}

// A ustar header (POSIX.1-1988); what is too long for it stands in a pax record (POSIX.1-2001) before it.
Result<void> TarWriter::header(const std::string& name, char type, uint64_t size, unsigned mode,
                               const std::string& link) {
    std::string records;
    const auto record = [&](const std::string& key, const std::string& value) {
        // The length counts its own digits.
        size_t length = key.size() + value.size() + 3;
        while (std::to_string(length).size() + key.size() + value.size() + 3 != length) {
            length = std::to_string(length).size() + key.size() + value.size() + 3;
        }
        records += std::to_string(length) + " " + key + "=" + value + "\n";
    };
    if (type != 'x' && name.size() > 100) record("path", name);
    if (link.size() > 100) record("linkpath", link);
    if (!records.empty()) {
        if (Result<void> done = header("pax", 'x', records.size(), 0644); !done) return done;
        if (Result<void> done = write(records.data(), records.size()); !done) return done;
        if (Result<void> done = pad(records.size()); !done) return done;
    }
    std::array<char, kBlock> block{};
    const auto put = [&](size_t at, const std::string& text) { std::memcpy(block.data() + at, text.data(), text.size()); };
    put(0, name.substr(0, 100));
    put(100, fmt::format("{:07o}", mode));
    put(108, "0000000");
    put(116, "0000000");
    put(124, fmt::format("{:011o}", size));
    put(136, "00000000000");
    put(148, "        ");
    block[156] = type;
    put(157, link.substr(0, 100));
    put(257, std::string("ustar\0" "00", 8));
    unsigned sum = 0;
    for (const char c : block) sum += static_cast<unsigned char>(c);
    put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
    return write(block.data(), block.size());
}

Result<void> TarWriter::add_file(const std::string& name, const fs::path& file) {
    if (interrupted()) return tl::unexpected<Error>(interruption());
    const UniqueFd source{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat status{};
    if (!source || ::fstat(source.get(), &status) != 0) return tl::unexpected<Error>(system_error("read", file, errno));
    const auto size = static_cast<uint64_t>(status.st_size);
    if (Result<void> done = header(name, '0', size, (status.st_mode & 0100) != 0 ? 0755 : 0644); !done) return done;
    std::vector<char> buffer(1 << 18);
    uint64_t left = size;
    while (left > 0) {
        const ssize_t count = ::read(source.get(), buffer.data(), std::min<uint64_t>(left, buffer.size()));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return tl::unexpected<Error>(system_error("read", file, count < 0 ? errno : EIO));
        if (Result<void> done = write(buffer.data(), static_cast<size_t>(count)); !done) return done;
        left -= static_cast<uint64_t>(count);
    }
    return pad(size);
}

Result<void> TarWriter::add_text(const std::string& name, const std::string& text, bool executable) {
    if (Result<void> done = header(name, '0', text.size(), executable ? 0755 : 0644); !done) return done;
    if (Result<void> done = write(text.data(), text.size()); !done) return done;
    return pad(text.size());
}

Result<void> TarWriter::add_link(const std::string& name, const std::string& target) {
    return header(name, '2', 0, 0777, target);
}

Result<void> TarWriter::add_tree(const std::string& name, const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code error;
    fs::recursive_directory_iterator entries(folder, error);
    for (const fs::recursive_directory_iterator end; !error && entries != end; entries.increment(error)) {
        if (entries->is_symlink() || entries->is_regular_file()) files.push_back(entries->path());
    }
    if (error) return tl::unexpected<Error>(system_error("read", folder, error.value()));
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
        const std::string inside = name + "/" + file.lexically_relative(folder).string();
        Result<void> added;
        if (fs::is_symlink(fs::symlink_status(file, error))) {
            const fs::path target = fs::read_symlink(file, error);
            if (target.is_absolute()) continue;  // leads nowhere on another machine
            added = add_link(inside, target);
        } else {
            added = add_file(inside, file);
        }
        if (!added) return added;
    }
    return {};
}

Result<void> TarWriter::finish() {
    constexpr std::array<char, 2 * kBlock> kEnd{};
    int reason = stream_->compress(kEnd.data(), kEnd.size(), ZSTD_e_end);
    if (reason == 0 && ::fsync(stream_->descriptor.get()) != 0) reason = errno;
    stream_.reset();
    if (reason == 0 && ::rename(fresh_.c_str(), file_.c_str()) != 0) reason = errno;
    if (reason == 0) return {};
    ::unlink(fresh_.c_str());
    return tl::unexpected<Error>(system_error("write", file_, reason));
}

Result<void> extract_tar(const fs::path& file, const fs::path& folder) {
    const std::unique_ptr<archive, CloseReader> from(archive_read_new());
    archive_read_support_format_tar(from.get());
    archive_read_support_filter_zstd(from.get());
    const auto damaged = [&](const std::string& reason) {
        return fail(ErrorKind::kInput, "`" + file.string() + "` is not a whole archive of kik: " + reason,
                    "copy it again, or make it anew with `kik pack`");
    };
    if (::access(file.c_str(), R_OK) != 0) {
        Error error = system_error("read", file, errno);
        return tl::unexpected<Error>(std::move(error));
    }
    if (archive_read_open_filename(from.get(), file.c_str(), 1 << 16) != ARCHIVE_OK) {
        return damaged(archive_error_string(from.get()));
    }
    size_t entries = 0;
    while (true) {
        if (interrupted()) return tl::unexpected<Error>(interruption());
        archive_entry* entry = nullptr;
        const int status = archive_read_next_header(from.get(), &entry);
        if (status == ARCHIVE_EOF) break;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return damaged(archive_error_string(from.get()));
        ++entries;
        const char* text = archive_entry_pathname(entry);
        const fs::path name = text == nullptr ? "" : text;
        if (!stays_inside(name) || through_a_link(folder, name)) {
            return damaged("it holds a path that leads outside: `" + name.string() + "`");
        }
        const fs::path place = folder / name;
        if (archive_entry_filetype(entry) == AE_IFDIR) {
            if (Result<void> made = make_folders(place); !made) return made;
            continue;
        }
        if (Result<void> made = make_folders(place.parent_path()); !made) return made;
        if (archive_entry_filetype(entry) == AE_IFLNK) {
            const char* link = archive_entry_symlink(entry);
            const fs::path target = link == nullptr ? "" : link;
            const fs::path reached = (name.parent_path() / target).lexically_normal();
            if (target.is_absolute() || !stays_inside(reached)) {
                return damaged("it holds a link that leads outside: `" + name.string() + "`");
            }
            std::error_code error;
            fs::create_symlink(target, place, error);
            if (error) return tl::unexpected<Error>(system_error("make the link", place, error.value()));
            continue;
        }
        if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
            return damaged("it holds something that is no file: `" + name.string() + "`");
        }
        const mode_t mode = (archive_entry_perm(entry) & 0100) != 0 ? 0755 : 0644;
        const UniqueFd out{::open(place.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)};
        if (!out) return tl::unexpected<Error>(system_error("write", place, errno));
        if (Result<void> written = write_all(out.get(), place, from.get()); !written) return written;
    }
    return entries == 0 ? Result<void>(damaged("it is empty")) : Result<void>();
}

}  // namespace kayton::kik
