// Versions and requirements as Cargo reads them (semver.org 2.0; Cargo Book, "Specifying Dependencies"). Pure; safe in
// any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kayton::kik {

struct Semver {
    uint64_t major = 0, minor = 0, patch = 0;
    std::vector<std::string> pre;  // identifiers of a pre-release
    [[nodiscard]] static std::optional<Semver> parse(const std::string& text);
    [[nodiscard]] std::strong_ordering operator<=>(const Semver& other) const;
    [[nodiscard]] bool operator==(const Semver& other) const { return (*this <=> other) == 0; }
};

// "1.11", "^0.3", "~1.2", ">=1, <1.5", "=1.2.3", "1.*", "*"; nothing for a text that is none of these.
class SemverRequirement {
  public:
    [[nodiscard]] static std::optional<SemverRequirement> parse(const std::string& text);
    // Pre-releases fit only a comparator that names one of the same version.
    [[nodiscard]] bool fits(const Semver& version) const;

  private:
    struct Comparator {
        std::string sign;  // "=", ">", ">=", "<", "<=", "~", "^", "*"
        Semver version;
        int parts = 3;  // how many of the numbers were written
    };
    static bool fits(const Comparator& comparator, const Semver& version);
    std::vector<Comparator> comparators_;
};

}  // namespace kayton::kik
