#include "kik/cargo/near_names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <system_error>

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

constexpr std::array kWellKnown{"ahash",
                                "anyhow",
                                "arrow",
                                "async-std",
                                "axum",
                                "base64",
                                "bigdecimal",
                                "bincode",
                                "bitflags",
                                "blake3",
                                "bstr",
                                "bytes",
                                "calamine",
                                "chrono",
                                "chrono-tz",
                                "ciborium",
                                "clap",
                                "colored",
                                "config",
                                "crc32fast",
                                "criterion",
                                "crossbeam",
                                "csv",
                                "dashmap",
                                "deunicode",
                                "diesel",
                                "dirs",
                                "ed25519-dalek",
                                "either",
                                "encoding_rs",
                                "env_logger",
                                "faker_rand",
                                "fancy-regex",
                                "fern",
                                "flate2",
                                "fnv",
                                "futures",
                                "geo",
                                "getrandom",
                                "git2",
                                "glob",
                                "half",
                                "hashbrown",
                                "heck",
                                "hex",
                                "hmac",
                                "hound",
                                "html5ever",
                                "http",
                                "httparse",
                                "humantime",
                                "hyper",
                                "image",
                                "indexmap",
                                "indicatif",
                                "itertools",
                                "itoa",
                                "jsonschema",
                                "jsonwebtoken",
                                "kurbo",
                                "lazy_static",
                                "libc",
                                "log",
                                "lru",
                                "lz4",
                                "md-5",
                                "memchr",
                                "memmap2",
                                "mime",
                                "minijinja",
                                "moka",
                                "nalgebra",
                                "ndarray",
                                "nom",
                                "num",
                                "num-bigint",
                                "num-complex",
                                "num-rational",
                                "num-traits",
                                "once_cell",
                                "openssl",
                                "ordered-float",
                                "palette",
                                "parking_lot",
                                "pest",
                                "petgraph",
                                "phf",
                                "plotters",
                                "png",
                                "polars",
                                "postgres",
                                "priority-queue",
                                "proc-macro2",
                                "prost",
                                "pulldown-cmark",
                                "qrcode",
                                "quick-xml",
                                "quote",
                                "rand",
                                "rand_chacha",
                                "rand_distr",
                                "rayon",
                                "redis",
                                "regex",
                                "regex-lite",
                                "reqwest",
                                "ring",
                                "ron",
                                "roxmltree",
                                "rusqlite",
                                "rust_decimal",
                                "rustfft",
                                "rustls",
                                "ryu",
                                "scraper",
                                "semver",
                                "serde",
                                "serde_json",
                                "serde_yaml",
                                "sha1",
                                "sha2",
                                "sha3",
                                "similar",
                                "simple_logger",
                                "slab",
                                "smallvec",
                                "smol",
                                "snap",
                                "sqlx",
                                "statrs",
                                "strsim",
                                "structopt",
                                "strum",
                                "syn",
                                "sysinfo",
                                "tar",
                                "tempfile",
                                "tera",
                                "thiserror",
                                "time",
                                "tinyvec",
                                "tokio",
                                "toml",
                                "tonic",
                                "tower",
                                "tracing",
                                "unicode-normalization",
                                "unicode-segmentation",
                                "unicode-width",
                                "ureq",
                                "url",
                                "uuid",
                                "walkdir",
                                "warp",
                                "whatlang",
                                "winnow",
                                "xxhash-rust",
                                "yaml-rust2",
                                "zip",
                                "zstd"};

// Names of cargo's index cache: crates this machine has used.
void add_seen(std::set<std::string>& names) {
    const char* cargo_home = std::getenv("CARGO_HOME");
    const char* home = std::getenv("HOME");
    fs::path root = cargo_home != nullptr && *cargo_home != '\0' ? fs::path(cargo_home)
                    : home != nullptr                            ? fs::path(home) / ".cargo"
                                                                 : fs::path();
    std::error_code error;
    for (const fs::directory_entry& index : fs::directory_iterator(root / "registry" / "index", error)) {
        fs::recursive_directory_iterator entries(index.path() / ".cache", error);
        for (const fs::recursive_directory_iterator end; !error && entries != end; entries.increment(error)) {
            if (entries->is_regular_file(error)) names.insert(entries->path().filename().string());
        }
    }
}

}  // namespace

size_t edit_distance(std::string_view a, std::string_view b) {
    const auto plain = [](char c) {
        return c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    };
    std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
    for (size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
    for (size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        for (size_t j = 1; j <= b.size(); ++j) {
            const bool same = plain(a[i - 1]) == plain(b[j - 1]);
            cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (same ? 0 : 1)});
            const bool swapped =
                i > 1 && j > 1 && plain(a[i - 1]) == plain(b[j - 2]) && plain(a[i - 2]) == plain(b[j - 1]);
            if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[a.size()][b.size()];
}

std::vector<std::string> closest(const std::string& name, const std::vector<std::string>& known) {
    const size_t allowed = name.size() <= 3 ? 1 : name.size() <= 8 ? 2 : 3;
    std::vector<std::pair<size_t, std::string>> found;
    for (const std::string& candidate : known) {
        if (candidate == name) continue;
        const size_t distance = edit_distance(name, candidate);
        if (distance <= allowed) found.emplace_back(distance, candidate);
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> names;
    for (const auto& [distance, candidate] : found) {
        if (distance == found.front().first && names.size() < 3) names.push_back(candidate);
    }
    return names;
}

std::vector<std::string> near_names(const std::string& name) {
    std::set<std::string> names;
    add_seen(names);
    std::vector<std::string> known(kWellKnown.begin(), kWellKnown.end());
    for (const std::string& seen : names) {
        if (std::find(known.begin(), known.end(), seen) == known.end()) known.push_back(seen);
    }
    return closest(name, known);
}

}  // namespace kayton::kik
