#include <fcntl.h>
#include <netcdf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "store/backends.hpp"
#include "store/hdf5/dataset_storage.hpp"
#include "store/hdf5/hdf5_handle.hpp"
#include "store/hdf5/netcdf_attributes.hpp"
#include "store/hdf5/netcdf_file.hpp"
#include "store/hdf5/own_hdf5_file.hpp"
#include "store/library_lock.hpp"
#include "store/output_target.hpp"
#include "store/netcdf3/header.hpp"
#include "store/stored_file.hpp"

namespace rankine::store {
namespace {

using array::OutputFormat;
using array::OutputSpec;
using array::OutputVariable;

constexpr const char* fill_attribute = "_FillValue";

bool is_netcdf4(OutputFormat format) {
  return format == OutputFormat::netcdf4 || format == OutputFormat::netcdf4_classic;
}

/// The file under construction through libnetcdf; closed on the way out of an error.
class NewFile {
 public:
  explicit NewFile(OutputTarget& target) : path_(target.spec.path) {
    const OutputSpec& spec = target.spec;
    // By open first: its errno says more than libhdf5's answer does, and it tells whom the file system takes us for.
    {
      const place::Descriptor file = place::make_own_file(target.temporary_path, O_WRONLY, 0666);
      struct stat status {};
      if (!file || ::fstat(file.number(), &status) != 0)
        throw OutputError("cannot create " + spec.path + ": " + std::strerror(errno) +
                          "; check that its directory exists and may be written");
      target.owner = status.st_uid;
    }
    ::unlink(target.temporary_path.c_str());
    silence_hdf5();
    int mode = NC_NOCLOBBER;   // made by the very call that opens it
    if (is_netcdf4(spec.format)) mode |= NC_NETCDF4;
    if (spec.format == OutputFormat::netcdf4_classic) mode |= NC_CLASSIC_MODEL;
    if (spec.format == OutputFormat::netcdf3_64bit) mode |= NC_64BIT_OFFSET;
    if (spec.format == OutputFormat::netcdf3_64bit_data) mode |= NC_64BIT_DATA;
    check_output(nc_create(target.temporary_path.c_str(), mode, &id_), path_, "the header");
    // Every element is written once by us: pre-filling would double the output.
    int old_mode = 0;
    check_output(nc_set_fill(id_, NC_NOFILL, &old_mode), path_, "the fill mode");
  }
  ~NewFile() {
    if (id_ >= 0) nc_abort(id_);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  int id() const { return id_; }
  void close() { check_output(nc_close(std::exchange(id_, -1)), path_, "metadata"); }

 private:
  std::string path_;
  int id_ = -1;
};

/// Defines everything and writes the eager values.
class Definition {
 public:
  Definition(int ncid, OutputTarget& target) : id_(ncid), target_(target), spec_(target.spec) {}

  void define() {
    for (const auto& dim : spec_.dims) {
      int id = -1;
      const std::size_t size = dim.unlimited ? NC_UNLIMITED : static_cast<std::size_t>(dim.size);
      check_output(nc_def_dim(id_, dim.name.c_str(), size, &id), spec_.path, "dim '" + dim.name + "'");
      dim_ids_[dim.name] = id;
      // To libnetcdf an extent of 0 means unlimited, and a dim of NetCDF-4 without elements is that: chunks are needed.
      if (dim.unlimited || (dim.size == 0 && is_netcdf4(spec_.format))) unlimited_.push_back(dim.name);
    }
    for (auto& variable : spec_.variables) define_variable(variable);
    put_attributes(id_, NC_GLOBAL, spec_.attributes, spec_);
    check_output(nc_enddef(id_), spec_.path, "the header (with variables of 2 GiB and more use format NETCDF4)");
  }

  void write_eager_values() {
    for (std::size_t i = 0; i < spec_.variables.size(); ++i) {
      const OutputVariable& variable = spec_.variables[i];
      if (!variable.value) {
        target_.complete[i] = element_count(variable.shape) == 0;
        continue;
      }
      write_values(variable, variable_ids_[i]);
      target_.complete[i] = 1;
    }
  }

 private:
  bool is_unlimited(const std::string& dim) const {
    return std::find(unlimited_.begin(), unlimited_.end(), dim) != unlimited_.end();
  }
  bool has_unlimited_dim(const OutputVariable& variable) const {
    return std::any_of(variable.dims.begin(), variable.dims.end(),
                       [&](const std::string& dim) { return is_unlimited(dim); });
  }

  std::size_t text_length(const OutputVariable& variable) const {
    std::size_t length = 1;
    length = std::max(length, static_cast<std::size_t>(variable.character_count));
    for (const std::string& text : variable.value->strings()) length = std::max(length, text.size());
    return length;
  }

  /// The dim of characters, made on first use: the one that is asked for, or "string7" if that has another length.
  int character_dim(const OutputVariable& variable) {
    const std::size_t wanted = text_length(variable);
    std::string name = variable.character_dim;
    if (const auto found = dim_ids_.find(name); found != dim_ids_.end()) {
      std::size_t length = 0;
      check_output(nc_inq_dimlen(id_, found->second, &length), spec_.path, "dim '" + name + "'");
      if (length == wanted && !is_unlimited(name)) return found->second;
      name.clear();
    }
    if (name.empty()) name = "string" + std::to_string(wanted);
    if (const auto found = dim_ids_.find(name); found != dim_ids_.end()) return found->second;
    int id = -1;
    check_output(nc_def_dim(id_, name.c_str(), wanted, &id), spec_.path, "dim '" + name + "'");
    dim_ids_[name] = id;
    return id;
  }

  nc_type type_of(const OutputVariable& variable) const {
    const nc_type type = netcdf_type(variable.dtype);
    if (type == NC_STRING) {
      if (!variable.value)
        throw OutputError("cannot write variable '" + variable.name + "' to " + spec_.path +
                          ": strings must be known before the run");
      return has_classic_model(spec_.format) || variable.character_count > 0 ? NC_CHAR : NC_STRING;
    }
    if (has_classic_model(spec_.format) && spec_.format != OutputFormat::netcdf3_64bit_data && type > NC_DOUBLE)
      throw OutputError("cannot write variable '" + variable.name + "' to " + spec_.path + ": this format has no " +
                        name_of(variable.dtype) + "; use format NETCDF4 or convert it with astype");
    return type;
  }

  void define_variable(OutputVariable& variable) {
    const std::string what = "variable '" + variable.name + "'";
    std::vector<int> dims;
    for (const std::string& dim : variable.dims) {
      const auto found = dim_ids_.find(dim);
      RANKINE_CHECK(found != dim_ids_.end(), "an output variable has a dim that the output has not");
      dims.push_back(found->second);
    }
    const nc_type type = type_of(variable);
    if (type == NC_CHAR) dims.push_back(character_dim(variable));
    int id = -1;
    check_output(nc_def_var(id_, variable.name.c_str(), type, static_cast<int>(dims.size()), dims.data(), &id),
                 spec_.path, what);
    variable_ids_.push_back(id);
    if (is_netcdf4(spec_.format)) {
      define_storage(variable, id, type, what);
    } else {
      variable.chunk_shape.clear();
      variable.codecs.clear();
    }
    define_fill(variable, id, type, what);
    put_attributes(id_, id, variable.attributes, spec_);
  }

  void define_storage(OutputVariable& variable, int id, nc_type type, const std::string& what) {
    if (variable.dims.empty()) variable.codecs.clear();
    if (type == NC_CHAR || variable.dims.empty()) {
      variable.chunk_shape.clear();
      if (type != NC_CHAR || !has_unlimited_dim(variable)) return;
    }
    if (type == NC_STRING) variable.codecs.clear();
    if (variable.chunk_shape.empty() && (has_unlimited_dim(variable) || !variable.codecs.empty()))
      variable.chunk_shape = read_shape(variable.shape, std::max<std::size_t>(size_of(variable.dtype), 16));
    if (type == NC_CHAR) return;  // libnetcdf chooses the chunks of the characters, which it writes as well
    if (variable.chunk_shape.empty()) {
      check_output(nc_def_var_chunking(id_, id, NC_CONTIGUOUS, nullptr), spec_.path, what);
      return;
    }
    const std::vector<std::size_t> chunks(variable.chunk_shape.begin(), variable.chunk_shape.end());
    check_output(nc_def_var_chunking(id_, id, NC_CHUNKED, chunks.data()), spec_.path, "chunks of " + what);
    int shuffle = 0, deflate = 0, level = 0;
    for (const auto& codec : variable.codecs) {
      if (codec.kind == codec::Kind::shuffle) {
        shuffle = 1;
      } else if (codec.kind == codec::Kind::deflate) {
        deflate = 1;
        level = codec.level;
      } else if (codec.kind == codec::Kind::fletcher32) {
        check_output(nc_def_var_fletcher32(id_, id, NC_FLETCHER32), spec_.path, what);
      } else {
        throw OutputError("cannot write " + what + " to " + spec_.path + ": NetCDF-4 output is compressed with zlib, not with " +
                          codec::describe({codec}));
      }
    }
    if (shuffle != 0 || deflate != 0)
      check_output(nc_def_var_deflate(id_, id, shuffle, deflate, level), spec_.path, "compression of " + what);
  }

  void define_fill(const OutputVariable& variable, int id, nc_type type, const std::string& what) {
    if (type == NC_STRING) return;
    const bool lazily_contiguous = is_netcdf4(spec_.format) && variable.chunk_shape.empty() && !variable.value;
    if (!variable.fill) {
      if (is_netcdf4(spec_.format)) check_output(nc_def_var_fill(id_, id, NC_NOFILL, nullptr), spec_.path, what);
      return;
    }
    if (type == NC_CHAR) {
      const std::string& text = variable.fill->strings().front();
      const char fill = text.empty() ? '\0' : text.front();
      check_output(nc_put_att_text(id_, id, fill_attribute, 1, &fill), spec_.path, what);
      return;
    }
    // The attribute alone where other ranks write into allocated space: libhdf5 must not fill it.
    if (is_netcdf4(spec_.format) && !lazily_contiguous) {
      check_output(nc_def_var_fill(id_, id, NC_FILL, variable.fill->raw()), spec_.path, "_FillValue of " + what);
      return;
    }
    if (is_netcdf4(spec_.format)) check_output(nc_def_var_fill(id_, id, NC_NOFILL, nullptr), spec_.path, what);
    check_output(nc_put_att(id_, id, fill_attribute, type, 1, variable.fill->raw()), spec_.path, "_FillValue of " + what);
  }

  void write_values(const OutputVariable& variable, int id) {
    const NdArray& value = *variable.value;
    RANKINE_CHECK(value.dtype() == variable.dtype && value.shape() == variable.shape,
                  "the values of an output variable have another dtype or shape");
    if (value.size() == 0) return;
    const std::string what = "variable '" + variable.name + "'";
    std::vector<std::size_t> start(variable.shape.size(), 0);
    std::vector<std::size_t> count(variable.shape.begin(), variable.shape.end());
    if (variable.dtype != DType::string)
      return check_output(nc_put_vara(id_, id, start.data(), count.data(), value.raw()), spec_.path, what);
    if (type_of(variable) == NC_CHAR) {
      const std::size_t length = text_length(variable);
      std::string characters;
      for (const std::string& text : value.strings()) {
        characters += text;
        characters.append(length - text.size(), '\0');
      }
      start.push_back(0);
      count.push_back(length);
      return check_output(nc_put_vara_text(id_, id, start.data(), count.data(), characters.data()), spec_.path, what);
    }
    std::vector<const char*> pointers;
    for (const std::string& text : value.strings()) {
      // A string of NetCDF ends at its first NUL; NumPy's drop those at the end as well.
      if (text.find_last_not_of('\0') != std::string::npos && text.find('\0') < text.find_last_not_of('\0'))
        throw OutputError("cannot write " + what + " to " + spec_.path + ": the text '" + text.substr(0, text.find('\0')) +
                          "...' has a NUL inside, where it would end when it is read; write it as characters, encoding dtype 'S1'");
      pointers.push_back(text.c_str());
    }
    check_output(nc_put_vara_string(id_, id, start.data(), count.data(), pointers.data()), spec_.path, what);
  }

  int id_;
  OutputTarget& target_;
  OutputSpec& spec_;
  std::map<std::string, int> dim_ids_;
  std::vector<std::string> unlimited_;
  std::vector<int> variable_ids_;
};

[[noreturn]] void hdf5_failed(const OutputTarget& target, const std::string& variable) {
  throw OutputError("cannot prepare variable '" + variable + "' in " + target.spec.path + ": " + hdf5_error_text());
}

/// Contiguous storage is allocated by its first write; nothing is filled in, since the fill time is "never".
void allocate(hid_t dataset, const OutputTarget& target, const OutputVariable& variable) {
  const Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
  const Hdf5Handle file_space(H5Dget_space(dataset), H5Sclose);
  const std::vector<hsize_t> origin(variable.shape.size(), 0), one(variable.shape.size(), 1);
  if (!variable.shape.empty() &&
      H5Sselect_hyperslab(file_space, H5S_SELECT_SET, origin.data(), nullptr, one.data(), nullptr) < 0)
    hdf5_failed(target, variable.name);
  const Hdf5Handle memory_space(H5Screate(H5S_SCALAR), H5Sclose);
  const std::array<std::byte, 8> zero{};
  if (H5Dwrite(dataset, type, memory_space, file_space, H5P_DEFAULT, zero.data()) < 0) hdf5_failed(target, variable.name);
}

/// Brings the datasets that are still to be written to their full extents, finds where contiguous ones
/// lie, and takes over the filters in the order that libnetcdf gave them.
void prepare_hdf5(OutputTarget& target) {
  Hdf5Handle file = open_own_hdf5(target);
  for (std::size_t i = 0; i < target.spec.variables.size(); ++i) {
    OutputVariable& variable = target.spec.variables[i];
    if (variable.value || target.complete[i] != 0) continue;
    Hdf5Handle dataset = open_variable(file, variable.name);
    if (!dataset) hdf5_failed(target, variable.name);
    const Hdf5Handle creation(H5Dget_create_plist(dataset), H5Pclose);
    if (H5Pget_layout(creation) == H5D_CHUNKED) {
      const std::vector<hsize_t> extents(variable.shape.begin(), variable.shape.end());
      if (H5Dset_extent(dataset, extents.data()) < 0) hdf5_failed(target, variable.name);
      std::string reason;
      codec::Pipeline stored;
      if (!codecs_of(creation, stored, reason))
        throw OutputError("cannot write variable '" + variable.name + "' to " + target.spec.path + ": " + reason);
      variable.codecs = std::move(stored);
    } else {
      variable.chunk_shape.clear();
      variable.codecs.clear();
      allocate(dataset, target, variable);
      const haddr_t offset = H5Dget_offset(dataset);
      if (offset == HADDR_UNDEF) hdf5_failed(target, variable.name);
      target.offsets[i] = offset;
    }
    if (!dataset.close()) hdf5_failed(target, variable.name);
  }
  if (!file.close()) throw OutputError("cannot write metadata to " + target.spec.path + ": " + hdf5_error_text());
}

/// libhdf5 and libnetcdf leave the file as long as they have written it; ranks may write in any order.
void extend_file(const OutputTarget& target, std::uint64_t bytes) {
  const place::Descriptor file = open_temporary(target, O_WRONLY, "cannot extend " + target.spec.path);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0 ||
      (static_cast<std::uint64_t>(status.st_size) < bytes && ::ftruncate(file.number(), static_cast<off_t>(bytes)) != 0))
    throw OutputError("cannot extend " + target.spec.path + " to " + std::to_string(bytes) + " bytes: " + std::strerror(errno));
}

/// The number of records stands in the header, which libnetcdf updates only when it writes records itself.
void set_record_count(const OutputTarget& target) {
  std::uint64_t records = 0;
  for (const auto& dim : target.spec.dims)
    if (dim.unlimited) records = static_cast<std::uint64_t>(dim.size);
  // CDF-5 counts in 8 bytes.
  const std::size_t width = target.spec.format == OutputFormat::netcdf3_64bit_data ? 8 : 4;
  if (width == 4 && records > UINT32_MAX - 1)
    throw OutputError("cannot write " + target.spec.path + ": more records than this NetCDF-3 can count; use format NETCDF4 or "
                      "NETCDF3_64BIT_DATA");
  std::array<unsigned char, 8> bytes{};
  for (std::size_t i = 0; i < width; ++i) bytes[i] = static_cast<unsigned char>(records >> (8 * (width - 1 - i)));
  const std::string what = "cannot write the number of records to " + target.spec.path;
  place::Descriptor file = open_temporary(target, O_WRONLY, what);
  const bool written = ::pwrite(file.number(), bytes.data(), width, 4) == static_cast<ssize_t>(width);
  int error = written ? 0 : errno;
  if (::close(file.release()) != 0 && errno != EINTR && error == 0) error = errno;
  if (error != 0) throw OutputError(what + ": " + std::strerror(error));
}

void prepare_netcdf3(OutputTarget& target) {
  const bool has_records = std::any_of(target.spec.variables.begin(), target.spec.variables.end(), [&](const auto& variable) {
    return std::any_of(target.spec.dims.begin(), target.spec.dims.end(), [&](const auto& dim) {
      return dim.unlimited && !variable.dims.empty() && variable.dims.front() == dim.name;
    });
  });
  if (has_records) set_record_count(target);
  std::uint64_t end = 0;
  {
    const StoredFile file(target.temporary_path);
    const Netcdf3Header header = read_netcdf3_header(file);
    end = header.data_end;
    // With several record variables each record is padded, the last one too.
    for (std::size_t i = 0; i < target.spec.variables.size(); ++i) {
      const auto& variable = target.spec.variables[i];
      if (target.complete[i] != 0) continue;
      const auto found = std::find_if(header.variables.begin(), header.variables.end(),
                                      [&](const auto& stored) { return stored.name == variable.name; });
      if (found == header.variables.end())
        throw OutputError("cannot write variable '" + variable.name + "' to " + target.spec.path + ": its header is damaged");
      target.offsets[i] = found->begin;
      target.record_strides[i] = found->record ? header.record_stride : 0;
    }
  }
  extend_file(target, (end + 3) / 4 * 4);
}

}  // namespace

void create_netcdf(OutputTarget& target) {
  RANKINE_CHECK(!array::is_zarr(target.spec.format), "a Zarr store is not a NetCDF file");
  const LibraryLock lock;
  {
    NewFile file(target);
    Definition definition(file.id(), target);
    definition.define();
    definition.write_eager_values();
    file.close();
  }
  if (is_netcdf4(target.spec.format)) {
    prepare_hdf5(target);
    return;
  }
  try {
    prepare_netcdf3(target);
  } catch (const InputError& error) {
    throw OutputError("cannot write " + target.spec.path + ": " + error.what());
  }
}

}  // namespace rankine::store
