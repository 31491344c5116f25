#include "kik/bindgen/asked_instances.h"

#include <cctype>

namespace kayton::bindgen {

namespace {

constexpr int kDeepest = 16;

class Reader {
  public:
    explicit Reader(const std::string& words) : words_(words) {}

    [[nodiscard]] Result<AskedType> whole() {
        Result<AskedType> made = type(0);
        if (!made) return made;
        if (skip(); at_ < words_.size()) return wrong("nothing more");
        if (made->args.empty() || made->optional) return wrong("types in brackets behind the name");
        return made;
    }

  private:
    [[nodiscard]] Result<AskedType> type(int depth) {
        AskedType made;
        if (depth > kDeepest) return wrong("fewer brackets");
        skip();
        const size_t start = at_;
        const auto part = [&] {
            const size_t first = at_;
            while (at_ < words_.size() && (std::isalnum(static_cast<unsigned char>(words_[at_])) || words_[at_] == '_')) ++at_;
            return at_ > first && !std::isdigit(static_cast<unsigned char>(words_[first]));
        };
        if (!part()) return wrong("a name");
        while (at_ < words_.size() && words_[at_] == '.') {
            ++at_;
            if (!part()) return wrong("a name");
        }
        made.name = words_.substr(start, at_ - start);
        if (take('[')) {
            do {
                Result<AskedType> argument = type(depth + 1);
                if (!argument) return argument;
                made.args.push_back(std::move(*argument));
            } while (take(','));
            if (!take(']')) return wrong("`]`");
        }
        if (take('|')) {
            const Result<AskedType> none = type(depth + 1);
            if (!none) return none;
            if (none->name != "None") return wrong("`None`, the only type that stands behind `|`");
            made.optional = true;
        }
        return made;
    }

    void skip() {
        while (at_ < words_.size() && words_[at_] == ' ') ++at_;
    }
    bool take(char wanted) {
        skip();
        if (at_ >= words_.size() || words_[at_] != wanted) return false;
        ++at_;
        return true;
    }
    [[nodiscard]] tl::unexpected<Error> wrong(const std::string& wanted) const {
        const std::string place = at_ < words_.size() ? "at `" + words_.substr(at_) + "`" : "at its end";
        return fail(ErrorKind::kUsage, "`" + words_ + "` is not an instance: " + place + " there should be " + wanted,
                    "Write it like 'dijkstra[Graph[str, float]]'");
    }

    const std::string& words_;
    size_t at_ = 0;
};

}  // namespace

std::string AskedType::text() const {
    std::string out = name;
    for (size_t i = 0; i < args.size(); ++i) out += (i == 0 ? "[" : ", ") + args[i].text();
    return out + (args.empty() ? "" : "]") + (optional ? " | None" : "");
}

Result<AskedType> parse_asked_instance(const std::string& words) {
    return Reader(words).whole();
}

}  // namespace kayton::bindgen
