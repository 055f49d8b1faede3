#include "symbols.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "fault.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

const std::vector<std::string> kOperators{"scaled_dot_product*", "*flash_attention*"};

std::string forbidden(const std::string& symbol) {
  return forbidden_symbol({.defined = {}, .undefined = {"memcpy", symbol}}, kOperators);
}

TEST(ForbiddenSymbolTest, EveryFormOfAnOperatorIsFound) {
  for (const auto& [symbol, name] : std::vector<std::pair<std::string, std::string>>{
           {"_ZN2at28scaled_dot_product_attentionERKNS_6TensorES2_S2_",
            "at::scaled_dot_product_attention"},
           {"_ZN2at4_ops28scaled_dot_product_attention4callERKNS_6TensorE",
            "at::_ops::scaled_dot_product_attention::call"},
           {"_ZN2at4_ops28scaled_dot_product_attention10redispatchEN3c1014DispatchKeySetE",
            "at::_ops::scaled_dot_product_attention::redispatch"},
           {"_ZN2at6native6matmulERKNS_6TensorES3_", "at::native::matmul"},
           {"_ZN2at3cpu6matmulERKNS_6TensorES3_", "at::cpu::matmul"},
           {"_ZN5torch2nn17flash_attention_2D1Ev", "torch::nn::flash_attention_2"}}) {
    EXPECT_EQ(forbidden(symbol), name);
  }
}

TEST(ForbiddenSymbolTest, WaysAroundTheChecksAndTheObserverAreFound) {
  for (const char* symbol :
       {"dlsym", "dlopen", "_dl_sym", "_rtld_global", "unaided_check_library",
        "_ZN7testing8UnitTest11GetInstanceEv", "_ZN7support13OperatorProbeC1Ev",
        "_ZN7unaided5probe11set_seedEm", "_ZN2at20clearGlobalCallbacksEv",
        "_ZN2at20enableRecordFunctionEb", "_ZN2at26DisableRecordFunctionGuardC1Ev",
        "_ZN3c1010Dispatcher13realSingletonEv",
        "_ZNK3c1010Dispatcher10findSchemaERKNS_12OperatorNameE",
        "_ZN5torch7Library5_implEPKcONS_11CppFunctionENS_14_RegisterOrVerifyE",
        "_ZTVN5torch7LibraryE"}) {
    EXPECT_NE(forbidden(symbol), "") << symbol;
  }
}

TEST(ForbiddenSymbolTest, HonestNamesAreNot) {
  for (const char* symbol :
       {"_ZN2at4_ops6matmul4callERKNS_6TensorES4_", "_ZNK2at6Tensor4sizeEl", "_Znwm", "malloc",
        "_ZN2at6Tensor4dataIfEEPT_v", "_ZN4kata28scaled_dot_product_attentionERKN2at6TensorE",
        "_ZSt4cout", "_ZN3c106detail14torchCheckFailEPKcS2_jS2_", "", "_Z", "_ZN", "_Z99x",
        "dlsymbolic", "_ZN2at"}) {
    EXPECT_EQ(forbidden(symbol), "") << symbol;
  }
}

TEST(QualifiedNameTest, NeedsNoParameters) {
  EXPECT_EQ(qualified_name("_ZN4kata6helperERKN2at6TensorE"), "kata::helper");
  EXPECT_EQ(qualified_name("_Z6helperv"), "helper");
  EXPECT_EQ(qualified_name("_ZNK2at6Tensor4dataIfEEPT_v"), "at::Tensor::data");
  EXPECT_EQ(qualified_name("memcpy"), "memcpy");
}

TEST(QualifiedNameTest, AHostileNameStaysShortAndQuick) {
  // Each parameter is a pair of the one before: 2^60 names when written out.
  std::string bomb = "_Z1fSt4pairIiiE";
  for (int i = 0; i < 60; ++i)
    bomb += "S" + std::string(i == 0 ? "" : std::to_string(i % 10)) + "_";
  EXPECT_EQ(qualified_name(bomb), "f");
  EXPECT_LE(qualified_name("_ZN100000" + std::string(100'000, 'x') + "E").size(), 200U);
  EXPECT_LE(qualified_name(std::string(100'000, 'x')).size(), 200U);
}

TEST(MissingFunctionsTest, AreThoseOfTheContractOnly) {
  const ObjectSymbols checks{{}, {"_ZN4kata5twiceERKN2at6TensorE", "_ZN4kata5thirdEv", "memcpy"}};
  const ObjectSymbols attempt{{"_ZN4kata5twiceERKN2at6TensorE"}, {}};
  EXPECT_EQ(missing_functions(checks, attempt), std::vector<std::string>{"kata::third()"});
}

/// A relocatable object with one section of names and one of symbols.
std::string small_object() {
  const std::string names("\0_Z4usedv\0_Z7definedv\0dlsym@GLIBC_2.34\0", 37);
  std::string object(sizeof(Elf64_Ehdr), '\0');
  const std::size_t names_at = object.size();
  object += names;
  const std::size_t symbols_at = object.size();
  const auto add = [&](const auto& part) {
    object.append(reinterpret_cast<const char*>(&part), sizeof part);
  };
  const auto global = [](std::uint32_t name, std::uint16_t section) {
    return Elf64_Sym{name, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, section, 0, 0};
  };
  add(Elf64_Sym{});
  add(global(1, SHN_UNDEF));
  add(global(10, 1));
  add(global(22, SHN_UNDEF));
  const std::size_t sections_at = object.size();
  add(Elf64_Shdr{});
  Elf64_Shdr section{};
  section.sh_type = SHT_STRTAB;
  section.sh_offset = names_at;
  section.sh_size = names.size();
  add(section);
  section.sh_type = SHT_SYMTAB;
  section.sh_offset = symbols_at;
  section.sh_size = 4 * sizeof(Elf64_Sym);
  section.sh_link = 1;
  add(section);
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_shoff = sections_at;
  header.e_shnum = 3;
  std::memcpy(object.data(), &header, sizeof header);
  return object;
}

class ReadSymbolsTest : public testing::Test {
 protected:
  ObjectSymbols read(const std::string& bytes) {
    const auto file = folder_.path() / "attempt.o";
    write_text_file(file, bytes);
    return read_symbols(file);
  }
  /// Hostile bytes may be refused, never more than that.
  void expect_survival(const std::string& bytes) {
    try {
      const ObjectSymbols symbols = read(bytes);
      forbidden_symbol(symbols, kOperators);
    } catch (const Fault&) {
      ++refused_;
    }
  }

  TemporaryFolder folder_;
  int refused_ = 0;
};

TEST_F(ReadSymbolsTest, TellsDefinedFromUndefinedAndDropsVersions) {
  const ObjectSymbols symbols = read(small_object());
  EXPECT_EQ(symbols.defined, std::vector<std::string>{"_Z7definedv"});
  EXPECT_EQ(symbols.undefined, (std::vector<std::string>{"_Z4usedv", "dlsym"}));
}

TEST_F(ReadSymbolsTest, EveryTruncationIsSurvived) {
  const std::string object = small_object();
  for (std::size_t size = 0; size < object.size(); ++size) expect_survival(object.substr(0, size));
  EXPECT_GT(refused_, 64);
}

TEST_F(ReadSymbolsTest, FlippedBytesAreSurvived) {
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    std::string object = small_object();
    for (int flips = 1 + i % 4; flips > 0; --flips) {
      object[random() % object.size()] = static_cast<char>(random());
    }
    expect_survival(object);
  }
  EXPECT_GT(refused_, 0);
}

TEST_F(ReadSymbolsTest, WhatIsNoObjectIsRefused) {
  EXPECT_THROW(read(""), Fault);
  EXPECT_THROW(read("#!/bin/sh\n"), Fault);
  EXPECT_THROW(read_symbols(folder_.path() / "absent.o"), Fault);
}

}  // namespace
}  // namespace unaided
