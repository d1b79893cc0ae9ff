"""The kernels of ONNX Runtime's CUDA provider, from its own registry.

    pip install onnxruntime-gpu==1.30.0
    python test/oracles/cuda_kernels.py

writes test/oracles/cuda-kernels.json: for each operator of the operator sets that the trainer's graphs import, the type parameters of
its inputs and outputs (a type where there is only one), and the types for which there is a CUDA kernel. It needs a C compiler and
binutils, but no GPU: the registry is read after the providers are loaded on empty libraries in place of NVIDIA's.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
OPSET = 20
DOMAINS = ("", "com.microsoft")
# Element types of the trainer's graphs.
TYPES = ("float", "float16", "bfloat16", "int32", "int64", "uint32", "bool")


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def missing_symbols(provider):
    """Symbols of NVIDIA's libraries that a provider imports, by library, and the libraries with versioned symbols."""
    needed = re.findall(r"\[(lib(?:cu|nv)\S+)\]", output_of("readelf", "-d", str(provider)))
    symbols, versioned = {name: set() for name in needed}, set()
    unversioned = next((name for name in needed if name.startswith(("libnvinfer", "libcuda.so"))), None)
    for line in output_of("nm", "-D", "--undefined-only", str(provider)).splitlines():
        found = re.match(r"\s*U ([^@\s]+)(?:@(\S+))?$", line)
        if found is None or found[1] == "Provider_GetHost":
            continue
        library = found[2] or unversioned
        if library in symbols:
            symbols[library].add(found[1])
            if found[2]:
                versioned.add(library)
    return symbols, versioned


def make_empty_libraries(folder):
    capi = Path(find_spec("onnxruntime").origin).parent / "capi"
    symbols, versioned = defaultdict(set), set()
    for provider in ("cuda", "tensorrt"):
        more, named = missing_symbols(capi / f"libonnxruntime_providers_{provider}.so")
        versioned |= named
        for library, names in more.items():
            symbols[library] |= names
    for library, names in symbols.items():
        source, versions = folder / "empty.c", folder / "versions.map"
        source.write_text("".join(f"long {name}(void) {{ return 0; }}\n" for name in sorted(names)))
        versions.write_text(f"{library} {{ global: *; }};\n")
        script = [f"-Wl,--version-script={versions}"] if library in versioned else []
        flags = ["-w", "-shared", "-fPIC", f"-Wl,-soname,{library}", *script]
        subprocess.run(["cc", *flags, "-o", str(folder / library), str(source)], check=True)


def bare(types):
    found = {match[1] for name in types if (match := re.fullmatch(r"tensor\((\w+)\)", name))}
    return [name for name in TYPES if name in found]


def parameters(schema, formals):
    """The type parameter of each formal input or output, or its type if there is only one."""
    allowed = {each.type_param_str: list(each.allowed_type_strs) for each in schema.type_constraints}

    def name(formal):
        types = allowed.get(formal.typeStr, [formal.typeStr])
        return re.sub(r"^tensor\((\w+)\)$", r"\1", types[0]) if len(types) == 1 else formal.typeStr

    return [name(formal) for formal in formals]


def kernels_of(definitions):
    """Types by parameter. Kernels with one parameter are merged into one entry; others are not, since their types depend on each other."""
    entries = []
    for definition in definitions:
        types = {name: bare(each) for name, each in definition.type_constraints.items() if bare(each)}
        if len(types) < len(definition.type_constraints):
            continue
        same = next((entry for entry in entries if len(types) == 1 and entry.keys() == types.keys()), None)
        if same is None:
            entries.append(types)
        else:
            (name,) = types
            same[name] = [each for each in TYPES if each in same[name] + types[name]]
    return entries


def describe():
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    definitions = defaultdict(list)
    for each in state.get_all_opkernel_def():
        since, until = each.version_range
        if each.provider == "CUDAExecutionProvider" and (each.domain != "" or since <= OPSET <= until):
            definitions[each.domain, each.op_name].append(each)
    schemas = {}
    for schema in state.get_all_operator_schema():
        known = schemas.get((schema.domain, schema.name))
        fits = schema.domain in DOMAINS and (schema.domain != "" or schema.since_version <= OPSET)
        if fits and (known is None or known.since_version < schema.since_version):
            schemas[schema.domain, schema.name] = schema
    operators = {
        ".".join(filter(None, key)): {
            "inputs": parameters(schema, schema.inputs),
            "outputs": parameters(schema, schema.outputs),
            "kernels": kernels_of(definitions[key]),
        }
        for key, schema in sorted(schemas.items())
    }
    return {"onnxruntime": onnxruntime.__version__, "opset": OPSET, "operators": operators}


def main():
    if os.environ.get("CUDA_KERNELS_LOADABLE") != "1":
        with tempfile.TemporaryDirectory() as folder:
            make_empty_libraries(Path(folder))
            env = {**os.environ, "LD_LIBRARY_PATH": folder, "CUDA_KERNELS_LOADABLE": "1"}
            sys.exit(subprocess.run([sys.executable, __file__], env=env, check=False).returncode)
    described = describe()
    lines = [f"    {json.dumps(name)}: {json.dumps(each)}" for name, each in described.pop("operators").items()]
    head = json.dumps(described, indent=2).removesuffix("\n}")
    (HERE / "cuda-kernels.json").write_text(f'{head},\n  "operators": {{\n' + ",\n".join(lines) + "\n  }\n}\n")


if __name__ == "__main__":
    main()
