// Clang as a library. The translation unit is a line that includes the headers and a pragma; the
// pragma's handler is called in the middle of the parse, with the headers' declarations known and
// their templates instantiated, and there asks for an attempt and enters its text as the main file.
// From then on it is an ordinary compile. Functions that the header library has are told to clang
// as having a definition elsewhere, so that it neither emits nor optimises them again.
//
// LLVM's interface is not stable: this is written against the major versions that
// harness/CMakeLists.txt looks for.
#include "front_end.h"

#include <clang/AST/ASTContext.h>
#include <clang/AST/DeclCXX.h>
#include <clang/AST/ExternalASTSource.h>
#include <clang/AST/Mangle.h>
#include <clang/Basic/DiagnosticOptions.h>
#include <clang/Basic/FileManager.h>
#include <clang/Basic/SourceManager.h>
#include <clang/CodeGen/CodeGenAction.h>
#include <clang/CodeGen/ModuleBuilder.h>
#include <clang/Driver/Compilation.h>
#include <clang/Driver/Driver.h>
#include <clang/Driver/Job.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/CompilerInvocation.h>
#include <clang/Frontend/TextDiagnosticPrinter.h>
#include <clang/Lex/Pragma.h>
#include <clang/Lex/Preprocessor.h>
#include <clang/Sema/Sema.h>
#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/StringSet.h>
#include <llvm/IR/Module.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>

#include <memory>

#include "../fault.h"

namespace unaided {

namespace {

constexpr const char* kPragma = "unaided_attempt";

/// What the header library exports.
llvm::StringSet<> exported_names(const std::string& library) {
  auto file = llvm::object::ObjectFile::createObjectFile(library);
  if (!file) throw Fault(library + ": " + llvm::toString(file.takeError()));
  const auto* elf = llvm::dyn_cast<llvm::object::ELFObjectFileBase>(file->getBinary());
  if (elf == nullptr) throw Fault(library + " is not an ELF library");
  llvm::StringSet<> names;
  for (const llvm::object::ELFSymbolRef symbol : elf->getDynamicSymbolIterators()) {
    auto flags = symbol.getFlags();
    auto name = symbol.getName();
    if (!flags || !name) throw Fault(library + " has a symbol that cannot be read");
    if ((*flags & llvm::object::BasicSymbolRef::SF_Undefined) == 0) names.insert(*name);
  }
  return names;
}

/// Says of each function whether the header library has it.
class HeaderLibrary : public clang::ExternalASTSource {
 public:
  HeaderLibrary(clang::ASTContext& context, llvm::StringSet<> names)
      : names_(std::move(names)), mangler_(context) {}

  ExtKind hasExternalDefinitions(const clang::Decl* declaration) override {
    declaration = declaration->getCanonicalDecl();
    const auto known = known_.find(declaration);
    const bool elsewhere = known != known_.end() ? known->second : exports(declaration);
    if (known == known_.end()) known_[declaration] = elsewhere;
    return elsewhere ? EK_Always : EK_ReplyHazy;
  }

 private:
  bool exports(const clang::Decl* declaration) {
    if (llvm::isa<clang::CXXConstructorDecl, clang::CXXDestructorDecl>(declaration)) {
      const std::vector<std::string> variants = mangler_.getAllManglings(declaration);
      return !variants.empty() && std::all_of(variants.begin(), variants.end(),
                                              [&](const auto& n) { return names_.contains(n); });
    }
    return names_.contains(mangler_.getName(declaration));
  }

  llvm::StringSet<> names_;
  clang::ASTNameGenerator mangler_;
  llvm::DenseMap<const clang::Decl*, bool> known_;
};

template <class Set>
void leave_room(Set& types) {
  types.reserve(types.size() + types.size() / 8 + 4096);
}

/// A table of types that is nearly full would be rehashed, page by page, in every child. The tables
/// are private; an explicit instantiation may name them all the same.
template <auto... tables>
struct TypeTables {
  friend void leave_room_for_types(clang::ASTContext& context) {
    (leave_room(context.*tables), ...);
  }
};
void leave_room_for_types(clang::ASTContext& context);
template struct TypeTables<
    &clang::ASTContext::PointerTypes, &clang::ASTContext::LValueReferenceTypes,
    &clang::ASTContext::RValueReferenceTypes, &clang::ASTContext::FunctionProtoTypes,
    &clang::ASTContext::TemplateTypeParmTypes, &clang::ASTContext::SubstTemplateTypeParmTypes,
    &clang::ASTContext::TemplateSpecializationTypes, &clang::ASTContext::ElaboratedTypes,
    &clang::ASTContext::DependentNameTypes, &clang::ASTContext::ExtQualNodes,
    &clang::ASTContext::ParenTypes, &clang::ASTContext::PackExpansionTypes>;

/// Where the headers end and an attempt begins.
class AttemptPragma : public clang::PragmaHandler {
 public:
  AttemptPragma(clang::CompilerInstance& compiler, clang::CodeGenAction& action,
                const std::string& library, const std::function<AttemptText()>& next_attempt)
      : PragmaHandler(kPragma),
        compiler_(compiler),
        action_(action),
        library_(library),
        next_attempt_(next_attempt) {}

  void HandlePragma(clang::Preprocessor& preprocessor, clang::PragmaIntroducer,
                    clang::Token&) override {
    clang::Token token;
    do preprocessor.LexUnexpandedToken(token);
    while (token.isNot(clang::tok::eod));
    if (compiler_.getDiagnostics().hasErrorOccurred()) return;
    compiler_.getSema().DefineUsedVTables();
    compiler_.getSema().PerformPendingInstantiations();
    clang::ASTContext& context = compiler_.getASTContext();
    leave_room_for_types(context);
    context.setExternalSource(new HeaderLibrary(context, exported_names(library_)));
    enter(preprocessor, next_attempt_());
  }

 private:
  void enter(clang::Preprocessor& preprocessor, const AttemptText& attempt) {
    clang::SourceManager& sources = preprocessor.getSourceManager();
    // A file that is nowhere, so that it may include itself like any other.
    const clang::FileEntryRef entry = compiler_.getFileManager().getVirtualFileRef(
        attempt.path, static_cast<off_t>(attempt.text.size()), /*ModificationTime=*/0);
    sources.overrideFileContents(&entry.getFileEntry(),
                                 llvm::MemoryBuffer::getMemBufferCopy(attempt.text, attempt.path));
    const clang::FileID file =
        sources.createFileID(entry, clang::SourceLocation(), clang::SrcMgr::C_User);
    sources.setMainFileID(file);
    action_.getCodeGenerator()->GetModule()->setSourceFileName(attempt.path);
    preprocessor.EnterSourceFile(file, nullptr, clang::SourceLocation());
  }

  clang::CompilerInstance& compiler_;
  clang::CodeGenAction& action_;
  const std::string& library_;
  const std::function<AttemptText()>& next_attempt_;
};

class AttemptAction : public clang::EmitObjAction {
 public:
  AttemptAction(const std::string& library, const std::function<AttemptText()>& next_attempt)
      : library_(library), next_attempt_(next_attempt) {}

  bool BeginSourceFileAction(clang::CompilerInstance& compiler) override {
    // Owned by the preprocessor.
    compiler.getPreprocessor().AddPragmaHandler(
        new AttemptPragma(compiler, *this, library_, next_attempt_));
    return EmitObjAction::BeginSourceFileAction(compiler);
  }

 private:
  const std::string& library_;
  const std::function<AttemptText()>& next_attempt_;
};

/// What clang's driver turns a command line into: the arguments of the compiler proper.
std::shared_ptr<clang::CompilerInvocation> invocation_of(const std::vector<std::string>& arguments,
                                                         clang::DiagnosticsEngine& diagnostics) {
  std::vector<const char*> argv;
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  clang::driver::Driver driver(arguments.at(0), LLVM_DEFAULT_TARGET_TRIPLE, diagnostics);
  driver.setCheckInputsExist(false);
  const std::unique_ptr<clang::driver::Compilation> compilation(driver.BuildCompilation(argv));
  if (!compilation || compilation->getJobs().empty()) throw Fault("clang refused its arguments");
  const auto& words = compilation->getJobs().begin()->getArguments();
  auto invocation = std::make_shared<clang::CompilerInvocation>();
  const bool understood = clang::CompilerInvocation::CreateFromArgs(
      *invocation, llvm::makeArrayRef(words).drop_front(), diagnostics, arguments.at(0).c_str());
  if (!understood) throw Fault("clang refused its own driver's arguments");
  return invocation;
}

}  // namespace

Compiled compile_after_headers(const std::vector<std::string>& arguments,
                               const std::string& headers, const std::string& library,
                               const std::function<AttemptText()>& next_attempt) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::InitializeNativeTargetAsmParser();

  Compiled compiled;
  llvm::raw_string_ostream words(compiled.diagnostics);
  const llvm::IntrusiveRefCntPtr<clang::DiagnosticOptions> options(new clang::DiagnosticOptions);
  clang::DiagnosticsEngine driver_diagnostics(new clang::DiagnosticIDs, options,
                                              new clang::TextDiagnosticPrinter(words, &*options));
  std::vector<std::string> command = arguments;
  command.insert(command.end(), {"-c", "attempt.cpp"});
  const auto invocation = invocation_of(command, driver_diagnostics);
  const auto text = llvm::MemoryBuffer::getMemBufferCopy(
      "#include \"" + headers + "\"\n;\n#pragma " + kPragma + "\n", "<headers>");
  invocation->getFrontendOpts().Inputs = {
      clang::FrontendInputFile(text->getMemBufferRef(), clang::InputKind(clang::Language::CXX))};
  invocation->getFrontendOpts().DisableFree = true;
  invocation->getCodeGenOpts().ClearASTBeforeBackend = false;

  // Never destroyed: the process ends instead.
  auto& compiler = *new clang::CompilerInstance;
  compiler.setInvocation(invocation);
  compiler.createDiagnostics(
      new clang::TextDiagnosticPrinter(words, &invocation->getDiagnosticOpts()));
  compiler.setVerboseOutputStream(words);
  llvm::SmallString<0> object;
  compiler.setOutputStream(std::make_unique<llvm::raw_svector_ostream>(object));
  AttemptAction action(library, next_attempt);
  compiled.succeeded = compiler.ExecuteAction(action);
  words.flush();
  compiled.object.assign(object.data(), object.size());
  return compiled;
}

}  // namespace unaided
