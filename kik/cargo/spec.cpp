#include "kik/cargo/spec.h"

#include <algorithm>
#include <cctype>

namespace kayton::kik {
namespace {

bool is_name(const std::string& text) {
    const auto allowed = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; };
    return !text.empty() && text.size() <= 64 && std::isalpha(static_cast<unsigned char>(text.front())) &&
           std::all_of(text.begin(), text.end(), allowed);
}

bool is_requirement(const std::string& text) {
    const auto allowed = [](unsigned char c) {
        return std::isalnum(c) || std::string_view(".-+*^~<>=, ").find(static_cast<char>(c)) != std::string_view::npos;
    };
    return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), allowed);
}

bool is_feature(const std::string& text) {
    const auto allowed = [](unsigned char c) {
        return std::isalnum(c) || std::string_view("-_+./?:").find(static_cast<char>(c)) != std::string_view::npos;
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

tl::unexpected<Error> wrong(const std::string& text, const std::string& reason) {
    return fail(ErrorKind::kInput, "`" + text + "` is not a crate: " + reason,
                "Write it like regex, regex==1.11.1 or regex==1.11.1[unicode]");
}

}  // namespace

std::string CrateSpec::requirement() const {
    if (version.empty()) return "*";
    return exact ? "=" + version : version;
}

std::string CrateSpec::registry() const {
    return source.rfind("registry+", 0) == 0 ? source.substr(9) : std::string();
}

std::filesystem::path CrateSpec::folder() const {
    return source.rfind("path+", 0) == 0 ? source.substr(5) : std::string();
}

GitSource parse_git_source(const std::string& source) {
    GitSource git;
    if (source.rfind("git+", 0) != 0) return git;
    git.url = source.substr(4);
    const size_t question = git.url.rfind('?');
    if (question == std::string::npos) return git;
    const std::string words = git.url.substr(question + 1);
    const size_t equals = words.find('=');
    if (equals == std::string::npos) return git;
    git.reference = words.substr(0, equals);
    git.value = words.substr(equals + 1);
    git.url.resize(question);
    return git;
}

std::string spec_text(const CrateSpec& spec) {
    std::string text = spec.package;
    if (spec.version.empty() || spec.version == "*") {
    } else if (spec.version.front() == '=' && std::count(spec.version.begin(), spec.version.end(), '.') == 2) {
        text += "=" + spec.version;
    } else {
        text += (spec.exact ? "==" : "@") + spec.version;
    }
    std::string features;
    for (const std::string& feature : spec.features) features += (features.empty() ? "" : ",") + feature;
    return features.empty() ? text : text + "[" + features + "]";
}

Result<std::vector<std::string>> parse_features(const std::string& text) {
    std::vector<std::string> features;
    std::string word;
    for (char c : text + ",") {
        if (c != ',' && c != ' ') {
            word.push_back(c);
        } else if (!word.empty()) {
            if (!is_feature(word)) return fail(ErrorKind::kInput, "`" + word + "` is not a name of a feature");
            if (std::find(features.begin(), features.end(), word) == features.end()) features.push_back(word);
            word.clear();
        }
    }
    return features;
}

Result<CrateSpec> parse_crate_spec(const std::string& text) {
    CrateSpec spec;
    std::string rest = text;
    if (const size_t open = rest.find('['); open != std::string::npos) {
        if (rest.back() != ']') return wrong(text, "`[` is not closed");
        Result<std::vector<std::string>> features = parse_features(rest.substr(open + 1, rest.size() - open - 2));
        if (!features) return tl::unexpected<Error>(features.error());
        if (features->empty()) return wrong(text, "`[]` names no feature");
        spec.features = std::move(*features);
        rest.resize(open);
    }
    if (const size_t equals = rest.find("=="); equals != std::string::npos) {
        spec.version = rest.substr(equals + 2);
        spec.exact = true;
        rest.resize(equals);
        if (!is_requirement(spec.version) || !std::isdigit(static_cast<unsigned char>(spec.version.front()))) {
            return wrong(text, "`" + spec.version + "` is not a version");
        }
        // "==1" and "==1.11" mean any version that begins so, as a person expects of them.
        if (std::count(spec.version.begin(), spec.version.end(), '.') < 2 &&
            spec.version.find('-') == std::string::npos) {
            spec.version = "=" + spec.version;
            spec.exact = false;
        }
    } else if (const size_t at = rest.find('@'); at != std::string::npos) {
        spec.version = rest.substr(at + 1);
        rest.resize(at);
        if (!is_requirement(spec.version)) return wrong(text, "`" + spec.version + "` is not a version");
    }
    if (!is_name(rest)) return wrong(text, "`" + rest + "` is not a name");
    spec.package = rest;
    return spec;
}

}  // namespace kayton::kik
