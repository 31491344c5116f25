"""How papermill writes parameters into a notebook of Kayton: as Python's, for they are the same literals."""

from papermill.engines import NBClientEngine
from papermill.translators import PythonTranslator, papermill_translators


class KaytonTranslator(PythonTranslator):
    @classmethod
    def codify(cls, parameters, comment="Parameters"):
        # Not formatted by a program for Python's style: the text is a cell's, line by line.
        lines = [cls.comment(comment)]
        lines += [cls.assign(name, cls.translate(value)) for name, value in parameters.items()]
        return "\n".join(lines) + "\n"


papermill_translators.register("kayton", KaytonTranslator)


class KaytonEngine(NBClientEngine):
    """papermill's own engine; naming it brings the translator along."""
