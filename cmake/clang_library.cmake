# Clang as a library, of the version that compiles the attempts: imported target clang::library, or nothing where its
# development packages are not installed or harness/resident/ was not written for them.
set(CLANG_LIBRARY_VERSIONS 14)

execute_process(COMMAND ${UNAIDED_CLANG} -dumpversion OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)
string(REGEX MATCH "^[0-9]+" major "${version}")
set(llvm /usr/lib/llvm-${major})
find_path(clang_include clang/Frontend/CompilerInstance.h PATHS ${llvm}/include NO_DEFAULT_PATH)
find_path(llvm_include llvm/Support/Compiler.h PATHS ${llvm}/include NO_DEFAULT_PATH)
find_library(clang_cpp NAMES libclang-cpp.so.${major} clang-cpp PATHS ${llvm}/lib NO_DEFAULT_PATH)
find_library(llvm_library LLVM-${major} PATHS ${llvm}/lib NO_DEFAULT_PATH)

if(NOT major IN_LIST CLANG_LIBRARY_VERSIONS)
  message(STATUS "No resident compiler: it is written for clang ${CLANG_LIBRARY_VERSIONS}, this is ${version}")
elseif(clang_include AND llvm_include AND clang_cpp AND llvm_library)
  add_library(clang::library INTERFACE IMPORTED)
  target_include_directories(clang::library SYSTEM INTERFACE ${clang_include} ${llvm_include})
  target_link_libraries(clang::library INTERFACE ${clang_cpp} ${llvm_library})
else()
  message(STATUS "No resident compiler: libclang-${major}-dev or llvm-${major}-dev is not installed")
endif()
