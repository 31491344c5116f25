#include "kik/bindgen/std_vocabulary.h"

#include <map>
#include <sstream>

#include "kik/bindgen/names.h"

namespace kayton::bindgen {

namespace {

// One line a type: path | traits | functions. Self, io::Result<T> (as Result<T>), Option<T> and the names of kPaths.
constexpr const char* kTypes[] = {
    "std::fs::FileType | Debug PartialEq Hash | is_dir(&self) -> bool; is_file(&self) -> bool; is_symlink(&self) -> "
    "bool",
    "std::fs::Metadata | Debug | file_type(&self) -> FileType; is_dir(&self) -> bool; is_file(&self) -> bool; "
    "is_symlink(&self) -> bool; len(&self) -> u64; permissions(&self) -> Permissions; modified(&self) -> "
    "Result<SystemTime>; "
    "accessed(&self) -> Result<SystemTime>; created(&self) -> Result<SystemTime>",
    "std::fs::Permissions | Debug PartialEq | readonly(&self) -> bool",
    "std::io::Error | Display Debug | raw_os_error(&self) -> Option<i32>",
    "std::time::SystemTime | Debug PartialEq Ord Hash | now() -> Self; elapsed(&self) -> Timed<Duration>; "
    "duration_since(&self, SystemTime) -> Timed<Duration>",
    "std::time::Instant | Debug PartialEq Ord Hash | now() -> Self; elapsed(&self) -> Duration; duration_since(&self, "
    "Instant) -> Duration",
    "std::net::Ipv4Addr | Display Debug PartialEq Ord Hash | new(u8, u8, u8, u8) -> Self; octets(&self) -> [u8:4]; "
    "is_loopback(&self) -> bool; is_private(&self) -> bool; is_unspecified(&self) -> bool; is_multicast(&self) -> "
    "bool; "
    "is_broadcast(&self) -> bool; is_link_local(&self) -> bool; to_ipv6_mapped(&self) -> Ipv6Addr",
    "std::net::Ipv6Addr | Display Debug PartialEq Ord Hash | octets(&self) -> [u8:16]; is_loopback(&self) -> bool; "
    "is_unspecified(&self) -> bool; is_multicast(&self) -> bool; to_ipv4(&self) -> Option<Ipv4Addr>",
    "std::net::IpAddr | Display Debug PartialEq Ord Hash | is_loopback(&self) -> bool; is_unspecified(&self) -> bool; "
    "is_multicast(&self) -> bool; is_ipv4(&self) -> bool; is_ipv6(&self) -> bool",
    "std::net::SocketAddr | Display Debug PartialEq Ord Hash | ip(&self) -> IpAddr; port(&self) -> u16; is_ipv4(&self) "
    "-> bool; "
    "is_ipv6(&self) -> bool",
};

TyRef named(const std::string& name, const TyRef& self) {
    static const std::map<std::string, Path> paths = {{"FileType", {"std", "fs", "FileType"}},
                                                      {"Metadata", {"std", "fs", "Metadata"}},
                                                      {"Permissions", {"std", "fs", "Permissions"}},
                                                      {"SystemTime", {"std", "time", "SystemTime"}},
                                                      {"Instant", {"std", "time", "Instant"}},
                                                      {"Duration", {"core", "time", "Duration"}},
                                                      {"Ipv4Addr", {"core", "net", "ip_addr", "Ipv4Addr"}},
                                                      {"Ipv6Addr", {"core", "net", "ip_addr", "Ipv6Addr"}},
                                                      {"IpAddr", {"core", "net", "ip_addr", "IpAddr"}}};
    if (name == "Self") return self;
    const auto found = paths.find(name);
    return found == paths.end() ? make_prim(name) : make_path(found->second);
}

TyRef parse_type(const std::string& text, const TyRef& self) {
    const size_t open = text.find('<');
    if (open != std::string::npos) {
        const std::string outer = text.substr(0, open);
        const TyRef inner = parse_type(text.substr(open + 1, text.size() - open - 2), self);
        if (outer == "Option") return make_path({"core", "option", "Option"}, {inner});
        const Path error =
            outer == "Timed" ? Path{"std", "time", "SystemTimeError"} : Path{"std", "io", "error", "Error"};
        return make_path({"core", "result", "Result"}, {inner, make_path(error)});
    }
    if (text.starts_with("[u8:")) {  // a colon, for the semicolon separates functions
        Ty array;
        array.kind = TyKind::kArray;
        array.args = {make_prim("u8")};
        array.name = text.substr(4, text.size() - 5);
        return std::make_shared<const Ty>(array);
    }
    return named(text, self);
}

std::string trimmed(const std::string& text) {
    const size_t first = text.find_first_not_of(' ');
    return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

StdType parse(const std::string& line) {
    StdType out;
    const size_t first = line.find(" | "), second = line.find(" | ", first + 3);
    out.rust = line.substr(0, first);
    std::istringstream traits(line.substr(first + 3, second - first - 3));
    for (std::string trait; traits >> trait;) out.traits.insert(trait);
    const TyRef self = named(out.rust.substr(out.rust.rfind(':') + 1), nullptr);
    std::istringstream functions(line.substr(second + 3));
    for (std::string function; std::getline(functions, function, ';');) {
        function = trimmed(function);
        StdMethod method;
        const size_t open = function.find('('), close = function.find(") -> ");
        method.name = function.substr(0, open);
        std::istringstream params(function.substr(open + 1, close - open - 1));
        method.has_self = false;
        for (std::string param; std::getline(params, param, ',');) {
            param = trimmed(param);
            if (param == "&self")
                method.has_self = true;
            else
                method.params.push_back(parse_type(param, self));
        }
        method.result = parse_type(function.substr(close + 5), self);
        out.methods.push_back(std::move(method));
    }
    return out;
}

}  // namespace

const StdType* std_type(const Ty& type) {
    static const std::map<std::string, StdType> types = [] {
        std::map<std::string, StdType> out;
        for (const char* line : kTypes) {
            StdType parsed = parse(line);
            out.emplace(parsed.rust, parsed);
        }
        return out;
    }();
    if (type.kind != TyKind::kPath || !is_std(type.path)) return nullptr;
    const auto found = types.find(std_rust_path(type.path));
    return found == types.end() ? nullptr : &found->second;
}

TyRef std_iterator_item(const Ty& type) {
    if (type.kind != TyKind::kPath || !is_std(type.path) || type.path.size() < 3) return nullptr;
    static const std::set<std::string> text_pieces = {"Split",           "RSplit",
                                                      "SplitN",          "RSplitN",
                                                      "SplitTerminator", "RSplitTerminator",
                                                      "SplitWhitespace", "SplitAsciiWhitespace",
                                                      "SplitInclusive",  "Lines",
                                                      "Matches",         "RMatches"};
    const std::string& module = type.path[1];
    const std::string& last = type.path.back();
    const std::string lifetime = type.lifetimes.empty() ? "'static" : type.lifetimes[0];
    const auto argument = [&](size_t i) { return i < type.args.size() ? type.args[i] : nullptr; };
    const auto reference = [&](size_t i) { return argument(i) ? make_ref(argument(i), lifetime) : nullptr; };
    if (module == "str") {
        if (text_pieces.contains(last)) return make_ref(make_prim("str"), lifetime);
        if (last == "Chars") return make_prim("char");
        if (last == "CharIndices") return make_tuple({make_prim("usize"), make_prim("char")});
        if (last == "Bytes") return make_prim("u8");
    } else if (module == "slice") {
        if (last == "Iter") return reference(0);
        if ((last == "Chunks" || last == "ChunksExact" || last == "Windows") && argument(0))
            return make_ref(make_slice(argument(0)), lifetime);
    } else if (module == "vec" || module == "option") {
        if (last == "IntoIter" || last == "Drain") return argument(0);
    } else if (module == "path" && last == "Ancestors") {
        return make_ref(make_path({"std", "path", "Path"}), lifetime);
    } else if (module == "collections" && type.path.size() > 3) {
        const std::string& kind = type.path[type.path.size() - 2];
        if (kind == "map") {
            if (last == "Keys") return reference(0);
            if (last == "Values") return reference(1);
            if (last == "Iter" && argument(1)) return make_tuple({reference(0), reference(1)});
            if (last == "IntoIter" && argument(1)) return make_tuple({argument(0), argument(1)});
        } else {
            if (last == "Iter") return reference(0);
            if (last == "IntoIter" || last == "Drain") return argument(0);
        }
    }
    return nullptr;
}

}  // namespace kayton::bindgen
