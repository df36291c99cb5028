// Every byte form as it once was written: the files in golden/ are read, and written again byte by byte.
//
// For a new form, or a new version of one: add a specimen and its facts to golden_test.cc or
// golden_saved_test.cc, run `make -C native/test golden`, which writes the files that are missing and never
// changes one, and commit them. A file stays as long as its version can be read.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "core/siphash.h"

namespace tallytree::golden {

using Bytes = std::vector<uint8_t>;

inline constexpr Secret kSecret{0x5eed, 0x600d};

struct Specimen {
  const char* file;
  Bytes (*make)();
  Bytes (*again)(const Bytes&);
};

inline std::filesystem::path path_of(const std::string& file) {
  return std::filesystem::path(__FILE__).parent_path() / "golden" / file;
}

inline Bytes file(const std::string& name) {
  std::ifstream in(path_of(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_if_missing(const Specimen& specimen) {
  if (std::filesystem::exists(path_of(specimen.file))) return;
  const Bytes bytes = specimen.make();
  std::ofstream(path_of(specimen.file), std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

inline void check_again(std::span<const Specimen> specimens) {
  for (const Specimen& specimen : specimens) {
    if (std::getenv("TALLYTREE_GOLDEN_WRITE") != nullptr) write_if_missing(specimen);
    const Bytes bytes = file(specimen.file);
    CHECK(!bytes.empty());
    CHECK(specimen.again(bytes) == bytes);
  }
}

/// The version stands behind length and magic.
inline void check_versions(std::span<const Specimen> specimens) {
  for (const Specimen& specimen : specimens) {
    Bytes bytes = file(specimen.file);
    bytes.at(12) ^= 0x80;
    bool refused = false;
    try {
      specimen.again(bytes);
    } catch (const std::invalid_argument&) {
      refused = true;
    }
    CHECK(refused);
  }
}

}  // namespace tallytree::golden
