#include "script/known_names.hpp"

#include <map>
#include <set>
#include <sstream>

namespace rankine::script {

namespace {

// What dir() of NumPy 1.24, Dask 2023.1 and the modules of CPython 3.11 lists. Names of xarray's are rows of the table:
// unsupported_names.cpp.
struct Names { Type owner; const char* words; };
constexpr Names lists[] = {
    {Type::numpy,
     "ALLOW_THREADS AxisError BUFSIZE CLIP ComplexWarning DataSource ERR_CALL ERR_DEFAULT ERR_IGNORE ERR_LOG "
     "ERR_PRINT ERR_RAISE ERR_WARN FLOATING_POINT_SUPPORT FPE_DIVIDEBYZERO FPE_INVALID FPE_OVERFLOW FPE_UNDERFLOW "
     "False_ Inf Infinity MAXDIMS MAY_SHARE_BOUNDS MAY_SHARE_EXACT ModuleDeprecationWarning NAN NINF NZERO NaN "
     "PINF PZERO RAISE RankWarning SHIFT_DIVIDEBYZERO SHIFT_INVALID SHIFT_OVERFLOW SHIFT_UNDERFLOW ScalarType "
     "Tester TooHardError True_ UFUNC_BUFSIZE_DEFAULT UFUNC_PYVALS_NAME VisibleDeprecationWarning WRAP abs "
     "absolute add add_docstring add_newdoc add_newdoc_ufunc all allclose alltrue amax amin angle any append "
     "apply_along_axis apply_over_axes arange arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin "
     "argpartition argsort argwhere around array array2string array_equal array_equiv array_repr array_split "
     "array_str asanyarray asarray asarray_chkfinite ascontiguousarray asfarray asfortranarray asmatrix atleast_1d "
     "atleast_2d atleast_3d average bartlett base_repr binary_repr bincount bitwise_and bitwise_not bitwise_or "
     "bitwise_xor blackman block bmat bool_ broadcast broadcast_arrays broadcast_shapes broadcast_to busday_count "
     "busday_offset busdaycalendar byte byte_bounds bytes_ c_ can_cast cast cbrt cdouble ceil cfloat char "
     "character chararray choose clip clongdouble clongfloat column_stack common_type compare_chararrays "
     "complex128 complex256 complex64 complex_ complexfloating compress concatenate conj conjugate convolve copy "
     "copysign copyto corrcoef correlate cos cosh count_nonzero cov cross csingle cumprod cumproduct cumsum "
     "datetime64 datetime_as_string datetime_data deg2rad degrees delete deprecate deprecate_with_doc diag "
     "diag_indices diag_indices_from diagflat diagonal diff digitize disp divide divmod dot double dsplit dstack "
     "dtype e ediff1d einsum einsum_path empty empty_like equal errstate euler_gamma exp exp2 expand_dims expm1 "
     "extract eye fabs fastCopyAndTranspose fft fill_diagonal find_common_type finfo fix flatiter flatnonzero "
     "flexible flip fliplr flipud float128 float16 float32 float64 float_ float_power floating floor floor_divide "
     "fmax fmin fmod format_float_positional format_float_scientific format_parser frexp from_dlpack frombuffer "
     "fromfile fromfunction fromiter frompyfunc fromregex fromstring full full_like gcd generic genfromtxt "
     "geomspace get_array_wrap get_include get_printoptions getbufsize geterr geterrcall geterrobj gradient "
     "greater greater_equal half hamming hanning heaviside histogram histogram2d histogram_bin_edges histogramdd "
     "hsplit hstack hypot i0 identity iinfo imag in1d index_exp indices inexact inf info infty inner insert int16 "
     "int32 int64 int8 int_ intc integer interp intersect1d intp invert is_busday isclose iscomplex iscomplexobj "
     "isfinite isfortran isin isinf isnan isnat isneginf isposinf isreal isrealobj isscalar issctype issubclass_ "
     "issubdtype issubsctype iterable ix_ kaiser kernel_version kron lcm ldexp left_shift less less_equal lexsort "
     "linalg linspace little_endian load loadtxt log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not "
     "logical_or logical_xor logspace longcomplex longdouble longfloat longlong lookfor ma mask_indices mat matmul "
     "matrix max maximum maximum_sctype may_share_memory mean median memmap meshgrid mgrid min min_scalar_type "
     "minimum mintypecode mod modf moveaxis msort multiply nan nan_to_num nanargmax nanargmin nancumprod nancumsum "
     "nanmax nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum nanvar nbytes ndarray "
     "ndenumerate ndim ndindex nditer negative nested_iters newaxis nextafter nonzero not_equal numarray number "
     "obj2sctype object_ ogrid oldnumeric ones ones_like outer packbits pad partition percentile pi piecewise "
     "place poly poly1d polyadd polyder polydiv polyfit polyint polymul polynomial polysub polyval positive power "
     "printoptions prod product promote_types ptp put put_along_axis putmask quantile r_ rad2deg radians random "
     "ravel ravel_multi_index real real_if_close recarray recfromcsv recfromtxt reciprocal record remainder repeat "
     "require reshape resize result_type right_shift rint roll rollaxis roots rot90 round round_ row_stack s_ "
     "safe_eval save savetxt savez savez_compressed sctype2char sctypeDict sctypes searchsorted select "
     "set_numeric_ops set_printoptions set_string_function setbufsize setdiff1d seterr seterrcall seterrobj "
     "setxor1d shape shares_memory short show_config show_runtime sign signbit signedinteger sin sinc single "
     "singlecomplex sinh size sometrue sort sort_complex source spacing split sqrt square squeeze stack std str_ "
     "string_ subtract sum swapaxes take take_along_axis tan tanh tensordot test testing tile timedelta64 trace "
     "tracemalloc_domain transpose trapz tri tril tril_indices tril_indices_from trim_zeros triu triu_indices "
     "triu_indices_from true_divide trunc typecodes typename ubyte ufunc uint uint16 uint32 uint64 uint8 uintc "
     "uintp ulonglong unicode_ union1d unique unpackbits unravel_index unsignedinteger unwrap use_hugepage ushort "
     "vander var vdot vectorize void vsplit vstack where who zeros zeros_like "},
    {Type::ndarray,
     "T all any argmax argmin argpartition argsort astype base byteswap choose clip compress conj conjugate copy "
     "ctypes cumprod cumsum data diagonal dot dtype dump dumps fill flags flat flatten getfield imag item itemset "
     "itemsize max mean min nbytes ndim newbyteorder nonzero partition prod ptp put ravel real repeat reshape "
     "resize round searchsorted setfield setflags shape size sort squeeze std strides sum swapaxes take tobytes "
     "tofile tolist tostring trace transpose var view "},
    {Type::math,
     "acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf erfc exp exp2 "
     "expm1 fabs factorial floor fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf isnan isqrt lcm ldexp "
     "lgamma log log10 log1p log2 modf nan nextafter perm pi pow prod radians remainder sin sinh sqrt tan tanh tau "
     "trunc ulp "},
    {Type::os,
     "DirEntry GenericAlias Mapping MutableMapping PathLike abort access altsep chdir chmod chown chroot close "
     "closerange confstr confstr_names copy_file_range cpu_count ctermid curdir defpath device_encoding devnull "
     "dup dup2 environ environb error eventfd eventfd_read eventfd_write execl execle execlp execlpe execv execve "
     "execvp execvpe extsep fchdir fchmod fchown fdatasync fdopen fork forkpty fpathconf fsdecode fsencode fspath "
     "fstat fstatvfs fsync ftruncate fwalk get_blocking get_exec_path get_inheritable get_terminal_size getcwd "
     "getcwdb getegid getenv getenvb geteuid getgid getgrouplist getgroups getloadavg getlogin getpgid getpgrp "
     "getpid getppid getpriority getrandom getresgid getresuid getsid getuid getxattr initgroups isatty kill "
     "killpg lchown linesep link listdir listxattr lockf login_tty lseek lstat major makedev makedirs memfd_create "
     "minor mkdir mkfifo mknod name nice open openpty pardir path pathconf pathconf_names pathsep pidfd_open pipe "
     "pipe2 popen posix_fadvise posix_fallocate posix_spawn posix_spawnp pread preadv putenv pwrite pwritev read "
     "readlink readv register_at_fork remove removedirs removexattr rename renames replace rmdir scandir sendfile "
     "sep set_blocking set_inheritable setegid seteuid setgid setgroups setpgid setpgrp setpriority setregid "
     "setresgid setresuid setreuid setsid setuid setxattr spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp "
     "spawnvpe splice stat stat_result statvfs statvfs_result strerror supports_bytes_environ supports_dir_fd "
     "supports_effective_ids supports_fd supports_follow_symlinks symlink sync sysconf sysconf_names system "
     "tcgetpgrp tcsetpgrp terminal_size times times_result truncate ttyname umask uname uname_result unlink "
     "unsetenv urandom utime wait wait3 wait4 waitid waitid_result waitpid waitstatus_to_exitcode walk write "
     "writev "},
    {Type::os_path,
     "abspath altsep basename commonpath commonprefix curdir defpath devnull dirname exists expanduser expandvars "
     "extsep getatime getctime getmtime getsize isabs isdir isfile islink ismount join lexists normcase normpath "
     "pardir pathsep realpath relpath samefile sameopenfile samestat sep split splitdrive splitext "
     "supports_unicode_filenames sys "},
    {Type::sys,
     "abiflags addaudithook api_version argv audit base_exec_prefix base_prefix breakpointhook "
     "builtin_module_names byteorder call_tracing copyright displayhook dont_write_bytecode exc_info excepthook "
     "exception exec_prefix executable exit flags float_info float_repr_style get_asyncgen_hooks "
     "get_coroutine_origin_tracking_depth get_int_max_str_digits getallocatedblocks getdefaultencoding "
     "getdlopenflags getfilesystemencodeerrors getfilesystemencoding getprofile getrecursionlimit getrefcount "
     "getsizeof getswitchinterval gettrace hash_info hexversion implementation int_info intern is_finalizing "
     "maxsize maxunicode meta_path modules orig_argv path path_hooks path_importer_cache platform platlibdir "
     "prefix pycache_prefix set_asyncgen_hooks set_coroutine_origin_tracking_depth set_int_max_str_digits "
     "setdlopenflags setprofile setrecursionlimit setswitchinterval settrace stderr stdin stdlib_module_names "
     "stdout thread_info unraisablehook version version_info warnoptions "},
    {Type::random,
     "betavariate choice choices expovariate gammavariate gauss getrandbits getstate lognormvariate normalvariate "
     "paretovariate randbytes randint random randrange sample seed setstate shuffle triangular uniform "
     "vonmisesvariate weibullvariate "},
    {Type::time,
     "altzone asctime clock_getres clock_gettime clock_gettime_ns clock_settime clock_settime_ns ctime daylight "
     "get_clock_info gmtime localtime mktime monotonic monotonic_ns perf_counter perf_counter_ns process_time "
     "process_time_ns pthread_getcpuclockid sleep strftime strptime struct_time thread_time thread_time_ns time "
     "time_ns timezone tzname tzset "},
    {Type::dask,
     "annotate array backends base blockwise callbacks compatibility compute config context core datasets delayed "
     "get hashing highlevelgraph is_dask_collection istask layers local multiprocessing optimization optimize "
     "order persist sizeof system threaded typing utils visualize widgets "},
    {Type::dask_array_module,
     "Array PerformanceWarning abs absolute add all allclose angle any append apply_along_axis apply_gufunc "
     "apply_over_axes arange arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argtopk argwhere "
     "around array as_gufunc asanyarray asarray assert_eq atleast_1d atleast_2d atleast_3d atop average backends "
     "bincount bitwise_and bitwise_not bitwise_or bitwise_xor block blockwise broadcast_arrays broadcast_to cbrt "
     "ceil choose chunk chunk_types clip coarsen compress compute concatenate conj copysign core corrcoef cos cosh "
     "count_nonzero cov creation cumprod cumsum deg2rad degrees delete diag diagonal diff digitize dispatch divide "
     "divmod dot dstack ediff1d einsum einsumfuncs empty empty_like equal exp exp2 expand_dims expm1 extract eye "
     "fabs fft fix flatnonzero flip fliplr flipud float_power floor floor_divide fmax fmin fmod frexp from_array "
     "from_delayed from_npy_stack from_tiledb from_zarr fromfunction frompyfunc full full_like gradient greater "
     "greater_equal gufunc histogram histogram2d histogramdd hstack hypot i0 imag indices insert invert isclose "
     "iscomplex isfinite isin isinf isnan isneginf isnull isposinf isreal ldexp left_shift less less_equal lib "
     "linalg linspace log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor ma "
     "map_blocks map_overlap matmul max maximum mean median meshgrid min minimum mod modf moment moveaxis multiply "
     "nan_to_num nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanprod nanstd nansum "
     "nanvar ndim negative nextafter nonzero not_equal notnull numpy_compat ones ones_like optimization optimize "
     "outer overlap pad percentile piecewise positive power prod ptp rad2deg radians random ravel "
     "ravel_multi_index real rechunk reciprocal reduction reductions register_chunk_type remainder repeat reshape "
     "result_type right_shift rint roll rollaxis rot90 round routines searchsorted select shape sign signbit sin "
     "sinc sinh slicing spacing sqrt square squeeze stack std store subtract sum swapaxes take tan tanh tensordot "
     "tile tiledb_io to_hdf5 to_npy_stack to_tiledb to_zarr topk trace transpose tri tril tril_indices "
     "tril_indices_from triu triu_indices triu_indices_from true_divide trunc ufunc unify_chunks union1d unique "
     "unravel_index utils var vdot vstack where wrap zeros zeros_like "},
    {Type::dask_array,
     "A T all any argmax argmin argtopk astype blocks choose chunks chunksize clip compute compute_chunk_sizes "
     "conj copy cumprod cumsum dask dot dtype flatten imag itemsize map_blocks map_overlap max mean min moment "
     "name nbytes ndim nonzero npartitions numblocks partitions persist prod ravel real rechunk repeat reshape "
     "round shape size squeeze std store sum swapaxes to_dask_dataframe to_delayed to_hdf5 to_svg to_tiledb "
     "to_zarr topk trace transpose var view vindex visualize "},
    {Type::functools,
     "cache cached_property cmp_to_key get_cache_token lru_cache namedtuple partial partialmethod recursive_repr "
     "reduce singledispatch singledispatchmethod total_ordering update_wrapper wraps "},
    {Type::operator_module,
     "abs add and_ attrgetter call concat contains countOf delitem eq floordiv ge getitem gt iadd iand iconcat "
     "ifloordiv ilshift imatmul imod imul index indexOf inv invert ior ipow irshift is_ is_not isub itemgetter "
     "itruediv ixor le length_hint lshift lt matmul methodcaller mod mul ne neg not_ or_ pos pow rshift setitem "
     "sub truediv truth xor "},
};

}  // namespace

bool is_known_name(Type owner, const std::string& name) {
  static const std::map<Type, std::set<std::string>> known = [] {
    std::map<Type, std::set<std::string>> all;
    for (const Names& names : lists) {
      std::istringstream words(names.words);
      for (std::string word; words >> word;) all[names.owner].insert(word);
    }
    return all;
  }();
  const auto found = known.find(owner);
  return found != known.end() && found->second.contains(name);
}

}  // namespace rankine::script
