#include "store/held_file.hpp"

#include "store/hdf5/hdf5_file.hpp"

namespace rankine::store {
namespace {

struct Held {
  int holds = 0;
  std::shared_ptr<const OpenFile> file;
  std::shared_ptr<const Hdf5File> hdf5;
};

Held& held() {
  thread_local Held of_this_thread;
  return of_this_thread;
}

}  // namespace

FileHold::FileHold() { ++held().holds; }

FileHold::~FileHold() {
  if (--held().holds == 0) held() = {};
}

std::shared_ptr<const OpenFile> open_file(const std::string& path) {
  Held& kept = held();
  if (kept.file != nullptr && kept.file->path() == path) return kept.file;
  auto file = std::make_shared<const OpenFile>(path);
  if (kept.holds > 0) {
    kept.file = file;
    kept.hdf5 = nullptr;
  }
  return file;
}

std::shared_ptr<const Hdf5File> read_hdf5_file(const std::string& path) {
  Held& kept = held();
  if (kept.hdf5 != nullptr && kept.hdf5->path() == path) return kept.hdf5;
  auto file = std::make_shared<const Hdf5File>(path);
  if (kept.holds > 0) kept.hdf5 = file;
  return file;
}

}  // namespace rankine::store
