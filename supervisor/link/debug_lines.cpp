#include "supervisor/link/debug_lines.h"

#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFDebugLine.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Object/ObjectFile.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace kayton {
namespace {

using Place = std::pair<uint64_t, uint64_t>;  // section index, offset in it

struct FunctionSymbol {
    std::string name;
    uint64_t address = 0;  // in the worker
    uint64_t size = 0;
};

std::map<Place, FunctionSymbol> read_symbols(const llvm::object::ObjectFile& file,
                                             const std::unordered_map<std::string, uint64_t>& addresses) {
    std::map<Place, FunctionSymbol> functions;
    for (const llvm::object::ELFSymbolRef symbol : file.symbols()) {
        if (symbol.getELFType() != llvm::ELF::STT_FUNC) continue;
        auto name = symbol.getName();
        auto section = symbol.getSection();
        auto offset = symbol.getValue();
        if (!name || !section || !offset || *section == file.section_end()) {
            llvm::consumeError(name.takeError());
            llvm::consumeError(section.takeError());
            llvm::consumeError(offset.takeError());
            continue;
        }
        const auto placed = addresses.find(name->str());
        if (placed == addresses.end()) continue;
        functions[{(*section)->getIndex(), *offset}] = {name->str(), placed->second, symbol.getSize()};
    }
    return functions;
}

struct Row {
    Place place;
    uint32_t line = 0;
    uint32_t file = 0;  // index into files
};

// All rows of all line tables, sorted by place.
struct Rows {
    std::vector<Row> rows;
    std::vector<std::string> files;
};

Rows read_rows(llvm::DWARFContext& context) {
    Rows all;
    for (const auto& unit : context.compile_units()) {
        const auto* table = context.getLineTableForUnit(unit.get());
        if (table == nullptr) continue;
        std::map<uint64_t, uint32_t> files;  // of this table -> of all
        for (const auto& row : table->Rows) {
            if (row.EndSequence) continue;
            const auto [file, added] = files.emplace(row.File, all.files.size());
            if (added) {
                table->getFileNameByIndex(row.File, "", llvm::DILineInfoSpecifier::FileLineInfoKind::RelativeFilePath,
                                          all.files.emplace_back());
            }
            all.rows.push_back({{row.Address.SectionIndex, row.Address.Address}, row.Line, file->second});
        }
    }
    std::stable_sort(all.rows.begin(), all.rows.end(), [](const Row& a, const Row& b) { return a.place < b.place; });
    return all;
}

// Enters what the line tables know of one function.
void add_rows(const Rows& all, Place start, const FunctionSymbol& symbol, CodeFunction& function) {
    const Place end{start.first, start.second + symbol.size};
    auto row = std::lower_bound(all.rows.begin(), all.rows.end(), start,
                                [](const Row& entry, const Place& wanted) { return entry.place < wanted; });
    for (; row != all.rows.end() && row->place < end; ++row) {
        if (function.file.empty()) function.file = all.files[row->file];
        function.lines.push_back({symbol.address + row->place.second - start.second, row->line});
    }
}

// Functions by their first address, with the name that the program knows them by.
std::map<Place, std::string> described_functions(llvm::DWARFContext& context) {
    std::map<Place, std::string> functions;
    for (const auto& unit : context.compile_units()) {
        for (const llvm::DWARFDebugInfoEntry& entry : unit->dies()) {
            const llvm::DWARFDie die(unit.get(), &entry);
            uint64_t low = 0;
            uint64_t high = 0;
            uint64_t section = 0;
            if (die.getTag() != llvm::dwarf::DW_TAG_subprogram || !die.getLowAndHighPC(low, high, section)) continue;
            if (const char* name = die.getName(llvm::DINameKind::ShortName)) functions[{section, low}] = name;
        }
    }
    return functions;
}

}  // namespace

void add_debug_lines(const std::string& object, const std::unordered_map<std::string, uint64_t>& addresses,
                     CodeTable& table) {
    auto file = llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(object, "module"));
    if (!file) {
        llvm::consumeError(file.takeError());
        return;
    }
    const auto context = llvm::DWARFContext::create(**file);
    const std::map<Place, std::string> described = described_functions(*context);
    const Rows rows = read_rows(*context);
    for (const auto& [place, symbol] : read_symbols(**file, addresses)) {
        const auto known = described.find(place);
        CodeFunction function{
            symbol.address, symbol.size, known != described.end() ? known->second : symbol.name, "", {}};
        add_rows(rows, place, symbol, function);
        table.add(std::move(function));
    }
}

}  // namespace kayton
