#include "kik/cargo/semver.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <sstream>

namespace kayton::kik {
namespace {

std::optional<uint64_t> number(const std::string& text) {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> parts;
    std::string part;
    for (const char c : text) {
        if (c == at) {
            parts.push_back(std::move(part));
            part.clear();
        } else {
            part.push_back(c);
        }
    }
    parts.push_back(std::move(part));
    return parts;
}

std::string trimmed(const std::string& text) {
    const size_t first = text.find_first_not_of(" \t");
    return first == std::string::npos ? std::string() : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// "1", "1.2", "1.2.3-rc.1+build", "1.*": how many numbers there are is told by `parts`.
std::optional<Semver> parse_part(std::string text, int& parts) {
    Semver version;
    text = text.substr(0, text.find('+'));
    if (const size_t dash = text.find('-'); dash != std::string::npos) {
        version.pre = split(text.substr(dash + 1), '.');
        if (std::any_of(version.pre.begin(), version.pre.end(), [](const auto& id) { return id.empty(); }))
            return std::nullopt;
        text.resize(dash);
    }
    const std::vector<std::string> numbers = split(text, '.');
    if (numbers.size() > 3) return std::nullopt;
    parts = 0;
    const std::array<uint64_t*, 3> places{&version.major, &version.minor, &version.patch};
    for (const std::string& word : numbers) {
        if (word == "*" || word == "x" || word == "X") break;
        const std::optional<uint64_t> value = number(word);
        if (!value) return std::nullopt;
        *places[static_cast<size_t>(parts++)] = *value;
    }
    return version;
}

}  // namespace

std::optional<Semver> Semver::parse(const std::string& text) {
    int parts = 0;
    std::optional<Semver> version = parse_part(trimmed(text), parts);
    return parts == 3 ? version : std::nullopt;
}

std::strong_ordering Semver::operator<=>(const Semver& other) const {
    if (const auto order = major <=> other.major; order != 0) return order;
    if (const auto order = minor <=> other.minor; order != 0) return order;
    if (const auto order = patch <=> other.patch; order != 0) return order;
    if (pre.empty() != other.pre.empty()) return pre.empty() ? std::strong_ordering::greater : std::strong_ordering::less;
    for (size_t i = 0; i < std::min(pre.size(), other.pre.size()); ++i) {
        const std::optional<uint64_t> a = number(pre[i]), b = number(other.pre[i]);
        if (a && b && *a != *b) return *a <=> *b;
        if (a.has_value() != b.has_value()) return a ? std::strong_ordering::less : std::strong_ordering::greater;
        if (!a && pre[i] != other.pre[i]) return pre[i] <=> other.pre[i];
    }
    return pre.size() <=> other.pre.size();
}

std::optional<SemverRequirement> SemverRequirement::parse(const std::string& text) {
    SemverRequirement requirement;
    for (const std::string& piece : split(text, ',')) {
        std::string word = trimmed(piece);
        Comparator comparator;
        comparator.sign = "^";
        for (const char* sign : {">=", "<=", "==", ">", "<", "=", "~", "^"}) {
            if (word.rfind(sign, 0) != 0) continue;
            comparator.sign = std::string(sign) == "==" ? "=" : sign;
            word = trimmed(word.substr(std::string(sign).size()));
            break;
        }
        if (word.empty()) return std::nullopt;
        const bool wild = word.find('*') != std::string::npos;
        const std::optional<Semver> version = parse_part(word, comparator.parts);
        if (!version) return std::nullopt;
        comparator.version = *version;
        if (wild) comparator.sign = "=";
        requirement.comparators_.push_back(std::move(comparator));
    }
    return requirement;
}

bool SemverRequirement::fits(const Comparator& comparator, const Semver& version) {
    const Semver& low = comparator.version;
    const int parts = comparator.parts;
    if (parts == 0) return true;
    // The first version after those that share the first `count` numbers.
    const auto after = [&](int count) {
        if (count == 1) return Semver{low.major + 1, 0, 0, {}};
        if (count == 2) return Semver{low.major, low.minor + 1, 0, {}};
        return Semver{low.major, low.minor, low.patch + 1, {}};
    };
    const std::string& sign = comparator.sign;
    if (sign == ">=") return version >= low;
    if (sign == "<") return version < low;
    if (sign == ">") return parts == 3 ? version > low : version >= after(parts);
    if (sign == "<=") return parts == 3 ? version <= low : version < after(parts);
    if (sign == "=") return parts == 3 ? version == low : version >= low && version < after(parts);
    if (sign == "~") return version >= low && version < after(std::min(parts, 2));
    const int fixed = low.major > 0 || parts == 1 ? 1 : low.minor > 0 || parts == 2 ? 2 : 3;
    return version >= low && version < after(fixed);
}

bool SemverRequirement::fits(const Semver& version) const {
    if (!version.pre.empty()) {
        const bool named = std::any_of(comparators_.begin(), comparators_.end(), [&](const Comparator& comparator) {
            const Semver& named_version = comparator.version;
            return !named_version.pre.empty() && named_version.major == version.major &&
                   named_version.minor == version.minor && named_version.patch == version.patch;
        });
        if (!named) return false;
    }
    return std::all_of(comparators_.begin(), comparators_.end(),
                       [&](const Comparator& comparator) { return fits(comparator, version); });
}

}  // namespace kayton::kik
