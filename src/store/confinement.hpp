#pragma once
#include <string>
#include <vector>

namespace rankine::store {

/// Files can name other files that hold their data: external and virtual HDF5 datasets, symbolic links inside Zarr stores.
/// Whoever wrote them chooses what is read. With `on`, all of it must lie below the folder of the file (or in the
/// store) that names it, or below one of `roots`. Set once, before anything is opened.
struct Confinement {
  bool on = false;
  std::vector<std::string> roots;
};
void confine(Confinement confinement);
const Confinement& confinement();

/// Throws InputError if `target` is there and is no regular file, which could keep its reader waiting for ever, or lies where
/// the confinement forbids. `named_by`: what refers to it; `home`: the folder that it may lie in. True if it is there.
bool check_pointed_file(const std::string& target, const std::string& named_by, const std::string& home);

/// "a FIFO", "a socket", ...: of st_mode, for messages.
std::string kind_of_file(unsigned mode);

}  // namespace rankine::store
