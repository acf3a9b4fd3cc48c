#include <catch2/catch.hpp>
#include <netcdf.h>
#include <sys/resource.h>

#include <deque>
#include <set>

#include "base/error.hpp"
#include "runtime/file_opening.hpp"
#include "store/scratch.hpp"

using namespace rankine;
using namespace rankine::runtime;
using store_test::ScratchDirectory;

namespace {

/// Two steps of `time` in one-step chunks and a compressed variable of two chunks.
void make_file(const std::string& path, int first) {
  int file = 0, dims[2] = {}, time = 0, data = 0;
  REQUIRE(nc_create(path.c_str(), NC_NETCDF4 | NC_CLOBBER, &file) == NC_NOERR);
  nc_def_dim(file, "time", NC_UNLIMITED, &dims[0]);
  nc_def_dim(file, "x", 3, &dims[1]);
  nc_def_var(file, "time", NC_DOUBLE, 1, dims, &time);
  nc_def_var(file, "v", NC_INT, 2, dims, &data);
  const std::size_t chunks[2] = {1, 3}, start[2] = {0, 0}, count[2] = {2, 3};
  nc_def_var_chunking(file, time, NC_CHUNKED, chunks);
  nc_def_var_chunking(file, data, NC_CHUNKED, chunks);
  nc_def_var_deflate(file, data, 1, 1, 4);
  const double times[2] = {first + 0.0, first + 1.0};
  const int values[6] = {first, 1, 2, 3, 4, 5};
  nc_put_vara_double(file, time, start, count, times);
  nc_put_vara_int(file, data, start, count, values);
  REQUIRE(nc_close(file) == NC_NOERR);
}

std::vector<std::string> make_files(const ScratchDirectory& folder, int count) {
  std::vector<std::string> paths;
  for (int i = 0; i < count; ++i) {
    paths.push_back(folder.file("f" + std::to_string(1000 + i) + ".nc"));
    make_file(paths.back(), 2 * i);
  }
  return paths;
}

struct Order {
  int rank;
  wire::OpenFiles files;
};

/// What a worker answers, without threads of its own.
wire::FilesOpened answer_to(const Order& order, exec::Notifier& notifier) {
  FileOpener opener(1, notifier);
  opener.handle(order.files);
  wire::FilesOpened opened;
  while (!opener.pump([&](const wire::FilesOpened& done) { opened = done; })) notifier.wait();
  return opened;
}

void check_whole(const std::vector<store::OpenedFile>& files, const std::vector<std::string>& paths) {
  REQUIRE(files.size() == paths.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    INFO(paths[i]);
    CHECK(files[i].path == paths[i]);
    CHECK(files[i].error.empty());
    REQUIRE(files[i].catalogue.variables.size() == 2);
    for (const auto& variable : files[i].catalogue.variables) CHECK(variable.data->index != nullptr);
    REQUIRE(files[i].values.size() == 2);
    CHECK(files[i].values[0].second.as_double(0) == 2.0 * static_cast<double>(i));
  }
}

}  // namespace

TEST_CASE("files are opened by all workers, each once, and come in the order asked for") {
  const ScratchDirectory folder;
  exec::Notifier notifier;
  OpeningRequest request;
  request.paths = make_files(folder, 40);
  std::deque<Order> orders;
  std::set<int> ranks;
  std::size_t most_open = 0;
  FileOpening opening(7, request, {{1, 1}, {2, 2}}, [&](int rank, const wire::OpenFiles& files) {
    orders.push_back({rank, files});
    ranks.insert(rank);
    most_open = std::max(most_open, orders.size());
  });
  while (!opening.done()) {
    REQUIRE(!orders.empty());
    const Order order = orders.back();  // the last asked answers first
    orders.pop_back();
    const wire::FilesOpened opened = answer_to(order, notifier);
    opening.on_opened(order.rank, {6, opened.first, opened.bytes});  // of an older opening: dropped
    opening.on_opened(order.rank, opened);
    opening.on_opened(order.rank, opened);                           // twice: dropped
  }
  CHECK(orders.empty());
  CHECK(ranks == std::set<int>{1, 2});
  CHECK(most_open <= 6);  // two batches a thread
  check_whole(opening.take_files(), request.paths);
}

TEST_CASE("the files of a lost worker are opened by the others") {
  const ScratchDirectory folder;
  exec::Notifier notifier;
  OpeningRequest request;
  request.paths = make_files(folder, 12);
  std::deque<Order> orders;
  FileOpening opening(1, request, {{1, 1}, {2, 1}}, [&](int rank, const wire::OpenFiles& files) { orders.push_back({rank, files}); });
  opening.on_peer_lost(2);
  std::erase_if(orders, [](const Order& order) { return order.rank == 2; });
  while (!opening.done()) {
    REQUIRE(!orders.empty());
    const Order order = orders.front();
    orders.pop_front();
    REQUIRE(order.rank == 1);
    opening.on_opened(order.rank, answer_to(order, notifier));
  }
  check_whole(opening.take_files(), request.paths);
  FileOpening alone(2, request, {{1, 1}}, [](int, const wire::OpenFiles&) {});
  CHECK_THROWS_WITH(alone.on_peer_lost(1), Catch::Contains("every worker was lost"));
}

TEST_CASE("what is thrown while a file is opened is told of that file, and the others are opened") {
  const ScratchDirectory folder;
  exec::Notifier notifier;
  OpeningRequest request;
  request.paths = make_files(folder, 4);
  FileOpener opener(2, notifier, [&](const std::string& path, const OpeningRequest& asked, store::Reader& reader) {
    if (path == request.paths[1]) throw std::runtime_error("thrown here");
    if (path == request.paths[2]) throw 7;
    return store::learn_file(path, asked.options, asked.cache_folder, reader);
  });
  FileOpening opening(3, request, {{1, 1}}, [&](int, const wire::OpenFiles& files) { opener.handle(files); });
  while (!opening.done())
    if (!opener.pump([&](const wire::FilesOpened& opened) { opening.on_opened(1, opened); })) notifier.wait();
  const auto files = opening.take_files();
  REQUIRE(files.size() == 4);
  CHECK(files[0].error.empty());
  CHECK(files[1].error == "cannot open " + request.paths[1] + ": thrown here");
  CHECK(files[2].error == "cannot open " + request.paths[2] + ": an exception of unknown kind");
  CHECK(files[3].error.empty());
  CHECK(files[3].catalogue.variables.size() == 2);
}

TEST_CASE("what is thrown while all is put together for an answer is told of each file") {
  const ScratchDirectory folder;
  exec::Notifier notifier;
  OpeningRequest request;
  request.paths = make_files(folder, 1);
  FileOpener opener(1, notifier, [](const std::string& path, const OpeningRequest&, store::Reader&) {
    if (!path.empty()) throw std::bad_alloc();
    return store::OpenedFile();
  });
  FileOpening opening(3, request, {{1, 1}}, [&](int, const wire::OpenFiles& files) { opener.handle(files); });
  while (!opening.done())
    if (!opener.pump([&](const wire::FilesOpened& opened) { opening.on_opened(1, opened); })) notifier.wait();
  CHECK(opening.take_files().at(0).code == ExitCode::resources);
}

TEST_CASE("what is wrong with several files is told for each by name") {
  const ScratchDirectory folder;
  OpeningRequest request;
  request.paths = make_files(folder, 3);
  store_test::put_contents(request.paths[1], {'n', 'o'});
  request.paths.push_back(folder.file("missing.nc"));
  const auto files = open_files_here(request, 2);
  CHECK(files[0].error.empty());
  try {
    throw_failures(files);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::input);
    CHECK(std::string(error.what()) == "cannot open " + request.paths[1] + ": it is neither NetCDF nor HDF5 nor a Zarr store" +
                                           "; of 4 files 2 cannot be read:\n  cannot open " + request.paths[3] +
                                           ": No such file or directory; check the path and the directory that the job runs in");
  }
}

TEST_CASE("many files take few descriptors") {
  const ScratchDirectory folder;
  OpeningRequest request;
  const auto few = make_files(folder, 30);
  for (int i = 0; i < 300; ++i) {
    const std::string path = folder.file("g" + std::to_string(i) + ".nc");
    std::filesystem::create_hard_link(few[static_cast<std::size_t>(i) % few.size()], path);
    request.paths.push_back(path);
  }
  ::rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  const ::rlimit low{160, old.rlim_max};  // the reader may hold 128
  ::setrlimit(RLIMIT_NOFILE, &low);
  const auto files = open_files_here(request, 2);
  ::setrlimit(RLIMIT_NOFILE, &old);
  CHECK_NOTHROW(throw_failures(files));
}

TEST_CASE("chunk indexes of arrays are read in parallel into the arrays") {
  const ScratchDirectory folder;
  OpeningRequest files;
  files.paths = make_files(folder, 5);
  OpeningRequest request;
  for (const auto& path : files.paths)
    for (const auto& variable : store::open_catalogue(path).variables) request.arrays.push_back(variable.data);
  throw_failures(open_files_here(request, 2));
  for (const auto& array : request.arrays) REQUIRE(array->index != nullptr);
  CHECK(request.arrays[1]->index->offsets.size() == 2);
}

TEST_CASE("a second opening takes everything from the index cache") {
  const ScratchDirectory folder;
  OpeningRequest request;
  request.paths = make_files(folder, 4);
  request.cache_folder = folder.file("cache");
  check_whole(open_files_here(request, 2), request.paths);
  store::IndexCache cache(request.cache_folder);
  for (const auto& path : request.paths) cache.open(path);
  CHECK(cache.hit_count() == 4);
}
