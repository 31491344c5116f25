#include "supervisor/cache/program_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string_view>
#include <system_error>

#include "compiler/syntax/parser.h"
#include "shared/sha256.h"
#include "shared/text_file.h"
#include "shared/unique_fd.h"

namespace kayton {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "kayton program 1\n";
constexpr size_t kDigestSize = 64;

// Texts one after another, each with its length (8 bytes, this machine's order) before it.
class TextWriter {
  public:
    TextWriter& add(std::string_view text) {
        const uint64_t size = text.size();
        bytes_.append(reinterpret_cast<const char*>(&size), sizeof(size)).append(text);
        return *this;
    }
    TextWriter& add_count(uint64_t count) {
        bytes_.append(reinterpret_cast<const char*>(&count), sizeof(count));
        return *this;
    }
    [[nodiscard]] const std::string& bytes() const { return bytes_; }

  private:
    std::string bytes_;
};

class TextReader {
  public:
    explicit TextReader(std::string_view bytes) : rest_(bytes) {}
    std::string_view text() { return take(count()); }
    uint64_t count() {
        const std::string_view bytes = take(sizeof(uint64_t));
        uint64_t value = 0;
        if (bytes.size() == sizeof(value)) std::memcpy(&value, bytes.data(), sizeof(value));
        return value;
    }
    [[nodiscard]] bool whole() const { return good_ && rest_.empty(); }
    [[nodiscard]] bool good() const { return good_; }

  private:
    std::string_view take(uint64_t size) {
        if (size > rest_.size()) {
            good_ = false;
            return {};
        }
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    std::string_view rest_;
    bool good_ = true;
};

// Says that a file is the same as before without reading it.
std::string identity_of(const fs::path& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return "none";
    return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) + ":" + std::to_string(status.st_size) +
           ":" + std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

std::string key_of(const Environment& environment, const SourceFile& source, OptLevel opt) {
    TextWriter parts;
    parts.add(kFormat).add(identity_of("/proc/self/exe")).add(Compiler::target_identity());
    parts.add(opt == OptLevel::kO0 ? "quick" : "optimised").add(source.name()).add(source.text());
    const char* path = std::getenv("KAYTONPATH");
    parts.add(path == nullptr ? "" : path);
    for (const InstalledPlugin& plugin : environment.plugins) {
        parts.add(plugin.crate).add(plugin.folder.string()).add(identity_of(plugin.manifest()));
    }
    return sha256(parts.bytes());
}

bool write_whole(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes.remove_prefix(static_cast<size_t>(written));
    }
    return true;
}

}  // namespace

ProgramCache::ProgramCache(const Environment& environment, const SourceFile& source, OptLevel opt) {
    const Result<fs::path> home = kayton_home();
    if (!home) return;
    folder_ = *home / "cache" / "programs";
    key_ = key_of(environment, source, opt);
}

ProgramCache::ProgramCache(fs::path folder, std::string key) : folder_(std::move(folder)), key_(std::move(key)) {}

std::optional<CachedProgram> ProgramCache::find() const {
    if (folder_.empty()) return std::nullopt;
    const Result<std::string> bytes = read_text_file(file());
    if (!bytes) return std::nullopt;
    const std::string_view whole = *bytes;
    const std::string_view body = whole.substr(std::min(whole.size(), kDigestSize));
    if (whole.substr(0, kDigestSize) != sha256(body)) {
        ::unlink(file().c_str());
        return std::nullopt;
    }
    TextReader reader(body);
    CachedProgram program;
    program.module.object = reader.text();
    program.module.entry = reader.text();
    program.warnings = reader.text();
    program.coloured_warnings = reader.text();
    for (uint64_t i = reader.count(); i > 0 && reader.good(); --i) {
        std::string name(reader.text());
        std::string text(reader.text());
        if (!name.starts_with('<')) {
            const Result<std::string> now = syntax::load_source(name);
            if (!now || *now != text) return std::nullopt;
        }
        program.imported.emplace_back(std::move(name), std::move(text));
    }
    for (uint64_t i = reader.count(); i > 0 && reader.good(); --i) {
        std::error_code ignored;
        if (fs::is_regular_file(reader.text(), ignored)) return std::nullopt;
    }
    if (!reader.whole()) return std::nullopt;
    ::utimensat(AT_FDCWD, file().c_str(), nullptr, 0);  // used now
    return program;
}

void ProgramCache::store(const CachedProgram& program, const std::vector<std::string>& sought_in_vain) const {
    if (folder_.empty()) return;
    TextWriter body;
    body.add(program.module.object).add(program.module.entry).add(program.warnings).add(program.coloured_warnings);
    body.add_count(program.imported.size());
    for (const auto& [name, text] : program.imported) body.add(name).add(text);
    const std::set<std::string> absent(sought_in_vain.begin(), sought_in_vain.end());
    body.add_count(absent.size());
    for (const std::string& path : absent) body.add(path);

    std::error_code error;
    fs::create_directories(folder_, error);
    std::string aside = (folder_ / ".new-XXXXXX").string();
    const UniqueFd out(::mkostemp(aside.data(), O_CLOEXEC));
    if (!out) return;
    if (!write_whole(out.get(), sha256(body.bytes())) || !write_whole(out.get(), body.bytes()) ||
        ::rename(aside.c_str(), file().c_str()) != 0) {
        ::unlink(aside.c_str());
        return;
    }
    prune(folder_, kMostBytes);
}

void ProgramCache::prune(const fs::path& folder, uint64_t most_bytes) {
    struct Entry {
        fs::file_time_type used;
        uint64_t size;
        fs::path path;
    };
    std::vector<Entry> entries;
    uint64_t bytes = 0;
    std::error_code error;
    for (const fs::directory_entry& found : fs::directory_iterator(folder, error)) {
        std::error_code gone;
        Entry entry{found.last_write_time(gone), found.file_size(gone), found.path()};
        if (gone) continue;
        bytes += entry.size;
        entries.push_back(std::move(entry));
    }
    if (bytes <= most_bytes) return;
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.used < b.used; });
    for (const Entry& entry : entries) {
        if (bytes <= most_bytes) return;
        if (fs::remove(entry.path, error)) bytes -= entry.size;
    }
}

}  // namespace kayton
