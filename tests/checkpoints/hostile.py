"""What the tests of hostile files share: how a refusal must look, and names that must never pass."""

from pathlib import Path

import pytest

from explorer.checkpoints import read_checkpoint
from explorer.errors import CheckpointError


def refuse(data: bytes, kind: type[CheckpointError], folder: Path) -> str:
    path = folder / "hostile"
    path.write_bytes(data)
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(path)
    assert type(caught.value) is kind, str(caught.value)
    assert caught.value.__cause__ is None, "refused by the net, not by a rule"
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 800
    assert str(caught.value).isprintable()
    return str(caught.value)


CALLABLES = [
    "os.system",
    "posix.system",
    "nt.system",
    "subprocess.Popen",
    "builtins.exec",
    "builtins.eval",
    "builtins.compile",
    "builtins.getattr",
    "builtins.__import__",
    "builtins.open",
    "builtins.map",
    "builtins.object",
    "__builtin__.eval",
    "importlib.import_module",
    "importlib.reload",
    "runpy.run_path",
    "marshal.loads",
    "types.CodeType",
    "types.FunctionType",
    "ctypes.CDLL",
    "socket.create_connection",
    "pickle.loads",
    "_pickle.Unpickler",
    "copyreg._reconstructor",
    "functools.partial",
    "functools.reduce",
    "operator.attrgetter",
    "operator.methodcaller",
    "code.InteractiveInterpreter",
    "timeit.timeit",
    "cProfile.run",
    "pdb.run",
    "bdb.Bdb",
    "pty.spawn",
    "pydoc.locate",
    "pkgutil.resolve_name",
    "doctest.debug_script",
    "trace.Trace",
    "webbrowser.open",
    "shutil.rmtree",
    "logging.config.dictConfig",
    "asyncio.run",
    "venv.create",
    "ensurepip._run_pip",
    "pip.main",
    "torch.load",
    "torch.hub.load",
    "torch.jit.load",
    "torch.serialization.load",
    "torch.utils._config_module.load_config",
    "torch.jit.unsupported_tensor_ops.execWrapper",
    "torch.storage._load_from_bytes.__globals__",
    "torch._utils.__builtins__",
    "numpy.load",
    "numpy.f2py.crackfortran.myeval",
    "numpy.testing._private.utils.runstring",
    "numpy.distutils.exec_command.exec_command",
    "dill._dill._create_function",
    "joblib.load",
    "dnnlib.util.open_url",
    "dnnlib.util.call_func_by_name",
    "torch_utils.persistence._src_to_module",
    "torch_utils.persistence.Decorator",
    # Found by those who looked for gaps in the scanners' lists.
    "_aix_support._read_cmd_output",
    "_osx_support._read_output",
    "_pyrepl.pager.pipe_pager",
    "aiohttp.client.ClientSession",
    "asyncio.unix_events._UnixSubprocessTransport._start",
    "builtins.breakpoint",
    "builtins.help",
    "builtins.input",
    "__builtin__.apply",
    "__builtin__.execfile",
    "cgitb.lookup",
    "cloudpickle.cloudpickle._make_function",
    "commands.getoutput",
    "copy_reg._reconstructor",
    "copyreg.add_extension",
    "distutils.file_util.write_file",
    "httplib.HTTPSConnection",
    "idlelib.autocomplete.AutoComplete.get_entity",
    "idlelib.pyshell.ModifiedInterpreter.runcode",
    "imaplib.IMAP4_stream",
    "io.FileIO",
    "lib2to3.pgen2.grammar.Grammar.loadgrammar",
    "linecache.getline",
    "logging.FileHandler",
    "multiprocessing.util.spawnv_passfds",
    "numpy.f2py.crackfortran.param_eval",
    "operator.itemgetter",
    "os.symlink",
    "pandas.eval",
    "profile.Profile.runctx",
    "pydoc.pipepager",
    "requests.api.get",
    "ssl.get_server_certificate",
    "sys.settrace",
    "test.support.script_helper.assert_python_ok",
    "torch._dynamo.guards.GuardBuilder.get",
    "torch._inductor.codecache.compile_file",
    "torch.fx.experimental.symbolic_shapes.ShapeEnv.evaluate_guards_expression",
    "torch.utils.bottleneck.__main__.run_cprofile",
    "torch.utils.collect_env.run",
    "torch.utils.data.datapipes.utils.decoder.basichandlers",
    "trace.Trace.runctx",
    "urllib.request.urlopen",
    "uuid._get_command_stdout",
    "yaml.unsafe_load",
    "zipimport.zipimporter",
    # Names that only look like listed ones.
    "collections.OrderedDict\r",
    "collections\0.OrderedDict",
    "collections.\uff2frderedDict",
    "numpy.core.multiarray._reconstruct\u200b",
    "torch._utils._rebuild_tensor_v3",
    "torch._utils._rebuild_wrapper_subclass",
    "torch._tensor._rebuild_from_type_v2",
    "torch.storage._load_from_bytes ",
    "collections.OrderedDict.fromkeys",
    "Collections.OrderedDict",
    "collections .OrderedDict",
]


def split(name: str) -> tuple[str, str]:
    """Names below a class or module attribute count as names in that module."""
    for module in ("collections", "torch.storage", "torch._utils"):
        if name.startswith(f"{module}.") and name.count(".") > module.count(".") + 1:
            return module, name[len(module) + 1 :]
    module, _, rest = name.rpartition(".")
    return module, rest
