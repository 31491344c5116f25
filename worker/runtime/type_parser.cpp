#include "worker/runtime/type_parser.h"

#include <algorithm>
#include <cctype>

#include "worker/runtime/memory.h"
#include "worker/runtime/runtime.h"

namespace kayton {

namespace {

constexpr int kMaxDepth = 100;

class TypeParser {
  public:
    explicit TypeParser(std::string_view text) : text_(text) {}

    const KtTypeInfo* parse() {
        const KtTypeInfo* type = parse_union();
        skip_spaces();
        return at_ == text_.size() ? type : nullptr;
    }

  private:
    void skip_spaces() {
        while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    }
    bool accept(char c) {
        skip_spaces();
        if (at_ == text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    const KtTypeInfo* parse_union() {
        if (++depth_ > kMaxDepth) return nullptr;
        std::vector<const KtTypeInfo*> members;
        do {
            const KtTypeInfo* member = parse_term();
            if (member == nullptr) return nullptr;
            members.push_back(member);
        } while (accept('|'));
        --depth_;
        return make_union(members);
    }

    static void add_member(std::vector<const KtTypeInfo*>& flat, const KtTypeInfo* member) {
        if (member->kind == KT_KIND_UNION) {
            for (uint32_t i = 0; i < member->args_count; ++i) add_member(flat, member->args[i]);
        } else if (member->kind == KT_KIND_OPTIONAL) {
            add_member(flat, member->args[0]);
            add_member(flat, &kt_type_none);
        } else if (std::find(flat.begin(), flat.end(), member) == flat.end()) {
            flat.push_back(member);
        }
    }

    static const KtTypeInfo* make_union(const std::vector<const KtTypeInfo*>& members) {
        if (members.size() == 1) return members[0];
        std::vector<const KtTypeInfo*> flat;
        for (const KtTypeInfo* member : members) {
            if (member->kind == KT_KIND_DYNAMIC) return member;
            add_member(flat, member);
        }
        if (flat.size() == 1) return flat[0];
        if (flat.size() == 2) {
            if (flat[0] == &kt_type_none) std::swap(flat[0], flat[1]);
            if (flat[1] == &kt_type_none && is_pointer_kind(flat[0]->kind))
                return composite_type(KT_KIND_OPTIONAL, {flat[0]});
        }
        return composite_type(KT_KIND_UNION, flat);
    }

    // Types up to the closing bracket.
    bool parse_list(char close, std::vector<const KtTypeInfo*>& types) {
        if (accept(close)) return true;
        do {
            const KtTypeInfo* type = parse_union();
            if (type == nullptr) return false;
            types.push_back(type);
        } while (accept(','));
        return accept(close);
    }

    const KtTypeInfo* parse_term() {
        if (accept('(')) {
            const KtTypeInfo* inner = parse_union();
            return inner != nullptr && accept(')') ? inner : nullptr;
        }
        skip_spaces();
        const size_t start = at_;
        while (at_ < text_.size()) {
            const auto c = static_cast<unsigned char>(text_[at_]);
            if (c < 0x80 && !std::isalnum(c) && c != '_' && c != '.' && c != ':') break;
            ++at_;
        }
        const std::string_view name = text_.substr(start, at_ - start);
        if (name.empty()) return nullptr;
        if (!accept('[')) return named_type(name);
        if (name == "function") {  // one function of the program
            const size_t end = std::min(text_.find(']', at_), text_.size());
            const std::string_view which = text_.substr(at_, end - at_);
            at_ = end;
            return accept(']') ? composite_type(KT_KIND_TYPE, {}, which) : nullptr;
        }
        std::vector<const KtTypeInfo*> args;
        if (name == "tuple") {
            if (accept('(')) return accept(')') && accept(']') ? composite_type(KT_KIND_TUPLE, {}) : nullptr;
            // tuple[T, ...]
            const size_t dots = text_.substr(at_).find(", ...]");
            if (dots != std::string_view::npos) {
                const size_t before = at_;
                const KtTypeInfo* element = parse_union();
                if (element != nullptr && text_.substr(at_).starts_with(", ...]")) {
                    at_ += 6;
                    return composite_type(KT_KIND_LIST, {element}, "tuple");
                }
                at_ = before;
            }
            if (!parse_list(']', args) || args.empty()) return nullptr;
            return composite_type(KT_KIND_TUPLE, args);
        }
        if (name == "Callable") {
            if (!accept('[') || !parse_list(']', args) || !accept(',')) return nullptr;
            const KtTypeInfo* result = parse_union();
            if (result == nullptr || !accept(']')) return nullptr;
            args.push_back(result);
            return composite_type(KT_KIND_FUNCTION, args);
        }
        if (!parse_list(']', args)) return nullptr;
        if (name == "dict" && args.size() == 2) return composite_type(KT_KIND_DICT, args);
        if (args.size() == 2 && (name.starts_with("defaultdict") || name == "Counter" || name == "OrderedDict"))
            return composite_type(KT_KIND_DICT, args, name);
        if (name == "Generator" && args.size() == 3) return composite_type(KT_KIND_ITERATOR, args);
        if (args.size() != 1) return nullptr;
        if (name == "deque") return composite_type(KT_KIND_LIST, args, name);
        if (name == "frozenset") return composite_type(KT_KIND_SET, args, name);
        if (name == "list") return composite_type(KT_KIND_LIST, args);
        if (name == "set") return composite_type(KT_KIND_SET, args);
        if (name == "Iterator") return composite_type(KT_KIND_ITERATOR, args);
        if (name == "Optional") return make_union({args[0], &kt_type_none});
        if (name == "type") return composite_type(KT_KIND_TYPE, args);
        // A generic instance of a class is registered under its whole name.
        return named_type(text_.substr(start, at_ - start));
    }

    std::string_view text_;
    size_t at_ = 0;
    int depth_ = 0;
};

}  // namespace

const KtTypeInfo* parse_type(std::string_view signature) {
    return TypeParser(signature).parse();
}

}  // namespace kayton
