// A Python module with a function that loses a block, and one that does not.

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>

static PyObject *lose(PyObject *self, PyObject *unused) {
    (void)self, (void)unused;
    char *volatile block = malloc(77);
    block[0] = 1;
    block = NULL;
    Py_RETURN_NONE;
}

static PyObject *keep(PyObject *self, PyObject *unused) {
    (void)self, (void)unused;
    char *volatile block = malloc(77);
    block[0] = 1;
    free(block);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"lose", lose, METH_NOARGS, NULL},
    {"keep", keep, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "lossy", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_lossy(void) { return PyModule_Create(&module); }
