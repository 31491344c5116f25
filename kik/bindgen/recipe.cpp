// Generator: functions that a recipe writes in Rust, in the place of the crate's own.
#include <algorithm>

#include "kik/bindgen/everyday_types.h"
#include "kik/bindgen/generator.h"

namespace kayton::bindgen {

namespace {

// "Result<reqwest::Response, reqwest::Error>", by public paths.
class TypeReader {
  public:
    TypeReader(const std::string& text, const std::map<ItemRef, Path>& public_names) : text_(text), public_names_(public_names) {}

    [[nodiscard]] TyRef whole() {
        TyRef type = read();
        if (at_ != text_.size()) throw Unmapped{"`" + text_ + "` is no type that a recipe can name"};
        return type;
    }

  private:
    bool take(std::string_view word) {
        while (at_ < text_.size() && text_[at_] == ' ') ++at_;
        if (text_.compare(at_, word.size(), word) != 0) return false;
        at_ += word.size();
        while (at_ < text_.size() && text_[at_] == ' ') ++at_;
        return true;
    }

    TyRef read() {
        if (take("&")) {
            const bool changes = take("mut ");
            return make_ref(read(), "'given", changes);
        }
        if (take("()")) return make_tuple({});
        if (take("[")) {
            TyRef element = read();
            if (!take("]")) throw Unmapped{"`" + text_ + "`: a slice without its end"};
            return make_slice(std::move(element));
        }
        std::string name;
        while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_' || text_[at_] == ':'))
            name += text_[at_++];
        std::vector<TyRef> args;
        if (take("<")) {
            do args.push_back(read());
            while (take(","));
            if (!take(">")) throw Unmapped{"`" + text_ + "`: arguments without their end"};
        }
        return named(name, std::move(args));
    }

    TyRef named(const std::string& name, std::vector<TyRef> args) {
        static const std::map<std::string, Path> known = {{"String", {"alloc", "string", "String"}},
                                                          {"Vec", {"alloc", "vec", "Vec"}},
                                                          {"Option", {"core", "option", "Option"}},
                                                          {"Result", {"core", "result", "Result"}}};
        if (const auto found = known.find(name); found != known.end()) return make_path(found->second, std::move(args));
        for (const auto& [item, path] : public_names_)
            if (join(path, "::") == name) return make_path(item.crate->canonical(item.id), std::move(args));
        if (name.empty() || name.find(':') != std::string::npos) throw Unmapped{"`" + text_ + "`: there is no `" + name + "`"};
        return make_prim(name);
    }

    const std::string& text_;
    const std::map<ItemRef, Path>& public_names_;
    size_t at_ = 0;
};

}  // namespace

void Generator::add_recipe_functions() {
    for (const RecipeFunction& given : request_.recipe) {
        try {
            ManifestFunction function;
            function.name = given.name;
            function.doc = given.doc;
            function.stable = "recipe " + given.name;
            std::vector<Mapped> mapped;
            std::vector<TyRef> types;
            CallMapper mapper(table_, given.name);
            std::string lets;
            for (const auto& [name, type] : given.params) {
                const bool self = types.empty() && name == "self";
                types.push_back(TypeReader(type, public_names_).whole());
                mapped.push_back(mapper.parameter(static_cast<int>(mapped.size()), types.back()));
                function.params.push_back({name, mapped.back().kayton});
                lets += "let " + (self ? "self_" : name) + " = " + mapped.back().code + "; ";
                if (!self) continue;
                function.owner = given.name.substr(0, given.name.rfind('.'));
                const Ty& receiver = *types.back();
                function.receiver = receiver.kind != TyKind::kRef ? ReceiverMode::kOwned
                                    : receiver.is_mut             ? ReceiverMode::kExclusive
                                                                  : ReceiverMode::kShared;
            }
            mapper.finish_parameters(types);
            const Mapped result = mapper.result(TypeReader(given.result, public_names_).whole(), "r");
            function.result = result.kayton;
            function.raises = mapper.raises;
            function.borrows.assign(mapper.borrowed_params.begin(), mapper.borrowed_params.end());
            // The crate's own functions of the name stay callable units; what a program reaches is this one.
            std::erase_if(thunks_, [&](const Thunk& thunk) { return thunk.function.name == given.name; });
            add_thunk(std::move(function), mapped, result,
                      mapper.statements + lets + "let r = " + given.rust + "; let w = " + result.code + "; " + mapper.after, {});
        } catch (const Unmapped& why) {
            skip(given.name, "the recipe's: " + why.reason);
        }
    }
}

}  // namespace kayton::bindgen
