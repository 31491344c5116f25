// One compressed archive (pax tar in zstd) of a folder, and back. Reading trusts nothing: entries lead nowhere outside
// the target folder, and only folders, files and links that stay inside are made. kik is single-threaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "shared/result.h"

namespace kayton::kik {

class TarWriter {
  public:
    // Writes to a file beside `file` that becomes it with finish().
    [[nodiscard]] static Result<TarWriter> create(const std::filesystem::path& file);
    TarWriter(TarWriter&&) noexcept;
    TarWriter& operator=(TarWriter&&) = delete;
    ~TarWriter();

    // `name` is the path in the archive. Times and owners are left out, so that equal folders give equal archives.
    [[nodiscard]] Result<void> add_file(const std::string& name, const std::filesystem::path& file);
    [[nodiscard]] Result<void> add_text(const std::string& name, const std::string& text,
                                        bool executable = false);
    [[nodiscard]] Result<void> add_link(const std::string& name, const std::string& target);
    // Every file below `folder`, sorted; symbolic links whose target is relative stay links.
    [[nodiscard]] Result<void> add_tree(const std::string& name, const std::filesystem::path& folder);

    [[nodiscard]] Result<void> finish();

  private:
    struct Stream;  // the compressor and the file it writes
    TarWriter() = default;
    [[nodiscard]] Result<void> header(const std::string& name, char type, uint64_t size, unsigned mode,
                                      const std::string& link = "");
    [[nodiscard]] Result<void> write(const char* data, size_t size);
    [[nodiscard]] Result<void> pad(uint64_t size);
    std::unique_ptr<Stream> stream_;
    std::filesystem::path file_, fresh_;
};

// kInput for what is no such archive, is cut short, or leads outside.
[[nodiscard]] Result<void> extract_tar(const std::filesystem::path& file, const std::filesystem::path& folder);

}  // namespace kayton::kik
