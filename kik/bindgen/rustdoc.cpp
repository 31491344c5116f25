#include "kik/bindgen/rustdoc.h"

#include <deque>
#include <fstream>
#include <optional>
#include <set>

#include "kik/bindgen/bindgen.h"

namespace kayton::bindgen {

std::string join(const Path& path, std::string_view separator) {
    std::string out;
    for (const std::string& part : path) {
        if (!out.empty()) out += separator;
        out += part;
    }
    return out;
}

bool is_std(const Path& path) {
    return !path.empty() && (path[0] == "core" || path[0] == "alloc" || path[0] == "std");
}

const std::string& item_kind(const Json& item) {
    static const std::string none;
    const Json& inner = item.at("inner");
    return inner.empty() ? none : inner.begin().key();
}

const Json& item_body(const Json& item) {
    return item.at("inner").begin().value();
}

std::string item_name(const Json& item) {
    const auto name = item.find("name");
    return name == item.end() || name->is_null() ? "" : name->get<std::string>();
}

std::string first_paragraph(const Json& item) {
    const auto docs = item.find("docs");
    if (docs == item.end() || !docs->is_string()) return "";
    std::string text = docs->get<std::string>();
    text = text.substr(0, text.find("\n\n"));
    for (char& c : text)
        if (c == '\n') c = ' ';
    return text;
}

bool has_attribute(const Json& item, std::string_view word) {
    const auto attributes = item.find("attrs");
    return attributes != item.end() && attributes->dump().find(word) != std::string::npos;
}

Result<std::unique_ptr<RustdocCrate>> RustdocCrate::load(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail(ErrorKind::kNotFound, file.string() + ": cannot be read");
    auto crate = std::make_unique<RustdocCrate>();
    crate->document_ = Json::parse(in, nullptr, false);
    const Json& document = crate->document_;
    if (!document.is_object() || !document.contains("format_version") || !document.contains("index"))
        return fail(ErrorKind::kInput, file.string() + ": is not a rustdoc JSON file");
    const int format = document["format_version"].get<int>();
    if (format < kOldestRustdocFormat || format > kNewestRustdocFormat)
        return fail(ErrorKind::kInput,
                    file.string() + ": rustdoc JSON format " + std::to_string(format) + " is not supported (only " +
                        std::to_string(kOldestRustdocFormat) + " to " + std::to_string(kNewestRustdocFormat) + ")",
                    "Use the toolchain that the environment pins.");
    for (const auto& [id, item] : document["index"].items()) crate->items_.emplace(std::stoi(id), &item);
    for (const auto& [id, summary] : document["paths"].items()) {
        const int number = std::stoi(id);
        crate->summaries_.emplace(number, &summary);
        Path path = summary["path"].get<Path>();
        if (summary["crate_id"] == 0) crate->by_path_.emplace(path, number);
        crate->canonical_.emplace(number, std::move(path));
    }
    crate->root_ = document["root"].get<int>();
    const Json* root = crate->item(crate->root_);
    if (root == nullptr) return fail(ErrorKind::kInput, file.string() + ": has no root module");
    crate->name_ = item_name(*root);
    return crate;
}

const Json* RustdocCrate::item(int id) const {
    const auto found = items_.find(id);
    return found == items_.end() ? nullptr : found->second;
}

const Json* RustdocCrate::summary(int id) const {
    const auto found = summaries_.find(id);
    return found == summaries_.end() ? nullptr : found->second;
}

const Path& RustdocCrate::canonical(int id) const {
    static const Path unknown;
    const auto found = canonical_.find(id);
    return found == canonical_.end() ? unknown : found->second;
}

std::vector<const Json*> RustdocCrate::all(std::string_view kind) const {
    std::map<int, const Json*> ordered;
    for (const auto& [id, item] : items_)
        if (item_kind(*item) == kind) ordered.emplace(id, item);
    std::vector<const Json*> out;
    for (const auto& [id, item] : ordered) out.push_back(item);
    return out;
}

size_t RustdocCrate::mentions(const std::string& word) const {
    if (words_.empty()) {
        words_[""] = 0;
        for (const auto& [id, item] : items_) {
            const auto docs = item->find("docs");
            if (docs == item->end() || !docs->is_string()) continue;
            std::string current;
            for (const char c : docs->get_ref<const std::string&>() + " ") {
                if (std::isalnum(static_cast<unsigned char>(c)) || c == '_') {
                    current += c;
                } else if (!current.empty()) {
                    ++words_[current];
                    current.clear();
                }
            }
        }
    }
    const auto found = words_.find(word);
    return found == words_.end() ? 0 : found->second;
}

int RustdocCrate::find(const Path& canonical) const {
    const auto found = by_path_.find(canonical);
    return found == by_path_.end() || item(found->second) == nullptr ? -1 : found->second;
}

const RustdocCrate* World::crate(const std::string& name) {
    const auto known = crates_.find(name);
    if (known != crates_.end()) return known->second.get();
    auto& slot = crates_[name];
    const std::filesystem::path file = folder_ / (name + ".json");
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return nullptr;
    auto loaded = RustdocCrate::load(file);
    if (!loaded) {
        if (!failure_) failure_ = loaded.error();
        return nullptr;
    }
    slot = std::move(*loaded);
    RustdocCrate* crate = slot.get();
    for (auto& [ref, path] : public_names(*crate))
        if (ref.crate == crate) crate->public_paths_.emplace(ref.id, path);
    return crate;
}

ItemRef World::find(const Path& canonical) {
    if (canonical.empty() || is_std(canonical)) return {};
    const RustdocCrate* home = crate(canonical[0]);
    if (home == nullptr) return {};
    const int id = home->find(canonical);
    return id < 0 ? ItemRef{} : ItemRef{home, id};
}

ItemRef World::resolve(const RustdocCrate& from, int id) {
    if (from.item(id) != nullptr && item_kind(*from.item(id)) != "use") return {&from, id};
    return find(from.canonical(id));
}

std::vector<std::pair<Path, ItemRef>> World::other_paths(const RustdocCrate& crate) const {
    const auto found = other_paths_.find(&crate);
    return found == other_paths_.end() ? std::vector<std::pair<Path, ItemRef>>{} : found->second;
}

std::map<ItemRef, Path> World::public_names(const RustdocCrate& start) {
    other_paths_[&start].clear();
    constexpr size_t kDeepest = 8;
    std::map<ItemRef, Path> names;
    std::set<std::pair<ItemRef, Path>> seen;
    std::deque<std::pair<ItemRef, Path>> queue{{ItemRef{&start, start.root()}, Path{start.name()}}};
    const auto extend = [](const Path& path, const std::string& name) {
        Path longer = path;
        longer.push_back(name);
        return longer;
    };
    // Children of a module (or variants of a glob-imported enum) under `path`; follows `use` items.
    const auto expand = [&](auto&& self, const ItemRef& module, const Path& path, int depth) -> void {
        if (depth > 4 || item_kind(module.json()) != "module") return;
        for (const Json& child_id : item_body(module.json())["items"]) {
            const int id = child_id.get<int>();
            const Json* child = module.crate->item(id);
            if (child == nullptr) continue;
            if (item_kind(*child) == "use") {
                const Json& use = item_body(*child);
                if (use["id"].is_null()) continue;
                const ItemRef target = resolve(*module.crate, use["id"].get<int>());
                if (!target) continue;
                if (use["is_glob"].get<bool>())
                    self(self, target, path, depth + 1);
                else
                    queue.emplace_back(target, extend(path, use["name"].get<std::string>()));
                continue;
            }
            const std::string name = item_name(*child);
            const Json& visibility = (*child)["visibility"];
            if (!name.empty() && visibility.is_string() && (visibility == "public" || visibility == "default"))
                queue.emplace_back(ItemRef{module.crate, id}, extend(path, name));
        }
    };
    while (!queue.empty()) {
        auto [ref, path] = std::move(queue.front());
        queue.pop_front();
        if (path.size() > kDeepest || !seen.emplace(ref, path).second) continue;
        const bool first = names.emplace(ref, path).second;
        if (!first && other_paths_[&start].size() < 2000) other_paths_[&start].emplace_back(path, ref);
        // A module that was met before under another path is not walked again: its items have shorter names already.
        if (first && item_kind(ref.json()) == "module") expand(expand, ref, path, 0);
    }
    return names;
}

}  // namespace kayton::bindgen
