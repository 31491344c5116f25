// DWARF line tables: every instruction's line, so that a crash's address names the Kayton function and line.
#include <llvm/BinaryFormat/Dwarf.h>

#include "compiler/codegen/emitter.h"

namespace kayton::codegen {

void Emitter::start_lines() {
    module_.addModuleFlag(llvm::Module::Warning, "Debug Info Version", llvm::DEBUG_METADATA_VERSION);
    module_.addModuleFlag(llvm::Module::Warning, "Dwarf Version", 4);
    lines_ = std::make_unique<llvm::DIBuilder>(module_);
    const SourceFile* file = nullptr;
    for (const kir::Function& function : source_.functions) {
        if (function.file != nullptr) file = function.file;
    }
    // Full, so that functions are described under the names tracebacks show; line-tables-only would leave them out.
    unit_ = lines_->createCompileUnit(llvm::dwarf::DW_LANG_Python, di_file(file), "Kayton", opt_ != OptLevel::kO0, "", 0,
                                      "", llvm::DICompileUnit::FullDebug);
}

llvm::DIFile* Emitter::di_file(const SourceFile* file) {
    llvm::DIFile*& place = files_[file];
    if (place == nullptr) place = lines_->createFile(file == nullptr ? "<generated>" : file->name(), "");
    return place;
}

llvm::DISubprogram* Emitter::subprogram(const kir::Function& source) {
    llvm::DIFile* file = di_file(source.file);
    unsigned line = source.file == nullptr ? 0 : source.file->line_of(source.span.begin);
    auto* type = lines_->createSubroutineType(lines_->getOrCreateTypeArray({}));
    return lines_->createFunction(unit_, source.display_name, source.symbol, file, line, type, line,
                                  llvm::DINode::FlagZero, llvm::DISubprogram::SPFlagDefinition);
}

void Emitter::set_line(const kir::Function& source, Span span) {
    if (span.begin != last_begin_) {
        last_begin_ = span.begin;
        unsigned line = source.file == nullptr ? 0 : source.file->line_of(span.begin);
        last_line_ = llvm::DILocation::get(context_, line, 0, scope_);
    }
    b_.SetCurrentDebugLocation(last_line_);
}

}  // namespace kayton::codegen
