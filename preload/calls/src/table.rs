//! Every function that is checked: one row each.
//!
//! A row says how its export is entered (the registers whose pointers decide whether there is anything
//! to check; `always`; with a `list` of arguments; or `variable` ones), what units it counts in, where
//! among its arguments the roles of its story stand, and the story. A function whose arguments vary and
//! whose result is wanted is called through another that takes a list. The commonest functions name a
//! question of [`crate::quick`] behind the registers, which spares most calls the story.

use core::ffi::CStr;

use crate::call::{NONE, Story, Unit};
use crate::stories;

/// How a function takes its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arguments {
    Fixed,
    /// A `va_list` follows the format.
    List,
    /// `...` follows the format.
    Variable,
}

/// What is known of a function.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: &'static CStr,
    pub(crate) arguments: Arguments,
    pub(crate) unit: Unit,
    /// Which argument has which role; what roles there are is the story's to say.
    pub(crate) roles: [u8; 4],
    pub(crate) story: Story,
    /// The function that is called with a list instead, where the result is wanted.
    pub(crate) via: Option<Index>,
    /// It came with glibc 2.38.
    pub(crate) since_238: bool,
}

const fn roles<const N: usize>(given: [u8; N]) -> [u8; 4] {
    let mut roles = [NONE; 4];
    let mut at = 0;
    while at < N {
        roles[at] = given[at];
        at += 1;
    }
    roles
}

/// Hands all rows to a macro.
macro_rules! with_every_function {
    ($do:ident) => {
        $do! {
            // Blocks of memory.
            memcpy [rdi rsi; copies] Narrow (0, 1, 2) COPY;
            __memcpy_chk [rdi rsi; copies] Narrow (0, 1, 2) COPY;
            mempcpy [rdi rsi; copies] Narrow (0, 1, 2) COPY;
            __mempcpy [rdi rsi; copies] Narrow (0, 1, 2) COPY;
            __mempcpy_chk [rdi rsi; copies] Narrow (0, 1, 2) COPY;
            wmemcpy [rdi rsi] Wide (0, 1, 2) COPY;
            __wmemcpy_chk [rdi rsi] Wide (0, 1, 2) COPY;
            wmempcpy [rdi rsi] Wide (0, 1, 2) COPY;
            __wmempcpy_chk [rdi rsi] Wide (0, 1, 2) COPY;
            memmove [rdi rsi; pairs] Narrow (0, 1, 2) MOVE;
            __memmove_chk [rdi rsi; pairs] Narrow (0, 1, 2) MOVE;
            wmemmove [rdi rsi] Wide (0, 1, 2) MOVE;
            __wmemmove_chk [rdi rsi] Wide (0, 1, 2) MOVE;
            bcopy [rdi rsi] Narrow (1, 0, 2) MOVE;
            memccpy [rdi rsi] Narrow (0, 1, 3, 2) COPY_UNTIL;
            memset [rdi; fills] Narrow (0, 2) FILL;
            __memset_chk [rdi; fills] Narrow (0, 2) FILL;
            wmemset [rdi] Wide (0, 2) FILL;
            __wmemset_chk [rdi] Wide (0, 2) FILL;
            bzero [rdi] Narrow (0, 1) FILL;
            __bzero [rdi] Narrow (0, 1) FILL;
            explicit_bzero [rdi] Narrow (0, 1) FILL;
            __explicit_bzero_chk [rdi] Narrow (0, 1) FILL;
            memcmp [rdi rsi; pairs] Narrow (0, 1, 2) COMPARE;
            __memcmpeq [rdi rsi; pairs] Narrow (0, 1, 2) COMPARE;
            bcmp [rdi rsi; pairs] Narrow (0, 1, 2) COMPARE;
            wmemcmp [rdi rsi] Wide (0, 1, 2) COMPARE;
            memchr [rdi] Narrow (0, 1, 2) FIND;
            wmemchr [rdi] Wide (0, 1, 2) FIND;
            rawmemchr [rdi] Narrow (0, 1) FIND;
            __rawmemchr [rdi] Narrow (0, 1) FIND;
            memrchr [rdi] Narrow (0, 2) FIND_LAST;
            memmem [rdi rdx] Narrow (0, 1, 2, 3) FIND_BLOCK;

            // Whole texts.
            strlen [rdi] Narrow (0) LENGTH;
            strnlen [rdi] Narrow (0, 1) LENGTH;
            strdup [rdi] Narrow (0) LENGTH;
            __strdup [rdi] Narrow (0) LENGTH;
            strndup [rdi] Narrow (0, 1) LENGTH;
            __strndup [rdi] Narrow (0, 1) LENGTH;
            strrchr [rdi] Narrow (0) LENGTH;
            rindex [rdi] Narrow (0) LENGTH;
            wcslen [rdi] Wide (0) LENGTH;
            wcsnlen [rdi] Wide (0, 1) LENGTH;
            wcsdup [rdi] Wide (0) LENGTH;
            wcsrchr [rdi] Wide (0) LENGTH;
            puts [rdi] Narrow (0) LENGTH;
            fputs [rdi] Narrow (0) LENGTH;
            fputs_unlocked [rdi] Narrow (0) LENGTH;
            fputws [rdi] Wide (0) LENGTH;
            fputws_unlocked [rdi] Wide (0) LENGTH;
            perror [rdi] Narrow (0) LENGTH;
            strcoll [rdi rsi] Narrow (0, 1) TWO_TEXTS;
            wcscoll [rdi rsi] Wide (0, 1) TWO_TEXTS;

            strcoll_l [rdi rsi] Narrow (0, 1) TWO_TEXTS;
            strverscmp [rdi rsi] Narrow (0, 1) TWO_TEXTS;

            // Names that the kernel reads: of what it cannot it says EFAULT.
            open [rdi] Narrow (0) LENGTH;
            open64 [rdi] Narrow (0) LENGTH;
            openat [rsi] Narrow (1) LENGTH;
            openat64 [rsi] Narrow (1) LENGTH;
            creat [rdi] Narrow (0) LENGTH;
            access [rdi] Narrow (0) LENGTH;
            unlink [rdi] Narrow (0) LENGTH;
            remove [rdi] Narrow (0) LENGTH;
            mkdir [rdi] Narrow (0) LENGTH;
            rmdir [rdi] Narrow (0) LENGTH;
            chdir [rdi] Narrow (0) LENGTH;
            opendir [rdi] Narrow (0) LENGTH;
            chmod [rdi] Narrow (0) LENGTH;
            chown [rdi] Narrow (0) LENGTH;
            lchown [rdi] Narrow (0) LENGTH;
            truncate [rdi] Narrow (0) LENGTH;
            truncate64 [rdi] Narrow (0) LENGTH;
            mkfifo [rdi] Narrow (0) LENGTH;
            mkstemp [rdi] Narrow (0) LENGTH;
            mkstemp64 [rdi] Narrow (0) LENGTH;
            mkdtemp [rdi] Narrow (0) LENGTH;
            putenv [rdi] Narrow (0) LENGTH;
            unsetenv [rdi] Narrow (0) LENGTH;
            unlinkat [rsi] Narrow (1) LENGTH;
            mkdirat [rsi] Narrow (1) LENGTH;
            faccessat [rsi] Narrow (1) LENGTH;
            fchmodat [rsi] Narrow (1) LENGTH;
            fchownat [rsi] Narrow (1) LENGTH;
            mknod [rdi] Narrow (0) LENGTH;
            mknodat [rsi] Narrow (1) LENGTH;
            mkostemp [rdi] Narrow (0) LENGTH;
            mkostemp64 [rdi] Narrow (0) LENGTH;
            mkstemps [rdi] Narrow (0) LENGTH;
            mkstemps64 [rdi] Narrow (0) LENGTH;
            memfd_create [rdi] Narrow (0) LENGTH;
            inotify_add_watch [rsi] Narrow (1) LENGTH;
            scandir [rdi] Narrow (0) LENGTH;
            scandir64 [rdi] Narrow (0) LENGTH;
            fdopen [rsi] Narrow (1) LENGTH;
            getenv [rdi] Narrow (0) LENGTH;
            system [rdi] Narrow (0) LENGTH;
            fopen [rdi rsi] Narrow (0, 1) TWO_TEXTS;
            fopen64 [rdi rsi] Narrow (0, 1) TWO_TEXTS;
            freopen [rdi rsi] Narrow (0, 1) TWO_TEXTS;
            freopen64 [rdi rsi] Narrow (0, 1) TWO_TEXTS;
            renameat [rsi rcx] Narrow (1, 3) TWO_TEXTS;
            renameat2 [rsi rcx] Narrow (1, 3) TWO_TEXTS;
            linkat [rsi rcx] Narrow (1, 3) TWO_TEXTS;
            symlinkat [rdi rdx] Narrow (0, 2) TWO_TEXTS;
            removexattr [rdi rsi] Narrow (0, 1) TWO_TEXTS;
            lremovexattr [rdi rsi] Narrow (0, 1) TWO_TEXTS;
            fremovexattr [rsi] Narrow (1) LENGTH;
            popen [rdi rsi] Narrow (0, 1) TWO_TEXTS;
            rename [rdi rsi] Narrow (0, 1) TWO_TEXTS;
            link [rdi rsi] Narrow (0, 1) TWO_TEXTS;
            symlink [rdi rsi] Narrow (0, 1) TWO_TEXTS;
            setenv [rdi rsi] Narrow (0, 1) TWO_TEXTS;

            // Texts copied.
            strcpy [rdi rsi] Narrow (0, 1) COPY_TEXT;
            __strcpy_chk [rdi rsi] Narrow (0, 1) COPY_TEXT;
            stpcpy [rdi rsi] Narrow (0, 1) COPY_TEXT;
            __stpcpy [rdi rsi] Narrow (0, 1) COPY_TEXT;
            __stpcpy_chk [rdi rsi] Narrow (0, 1) COPY_TEXT;
            wcscpy [rdi rsi] Wide (0, 1) COPY_TEXT;
            __wcscpy_chk [rdi rsi] Wide (0, 1) COPY_TEXT;
            wcpcpy [rdi rsi] Wide (0, 1) COPY_TEXT;
            __wcpcpy_chk [rdi rsi] Wide (0, 1) COPY_TEXT;
            strncpy [rdi rsi] Narrow (0, 1, 2) COPY_PADDED;
            __strncpy_chk [rdi rsi] Narrow (0, 1, 2) COPY_PADDED;
            stpncpy [rdi rsi] Narrow (0, 1, 2) COPY_PADDED;
            __stpncpy [rdi rsi] Narrow (0, 1, 2) COPY_PADDED;
            __stpncpy_chk [rdi rsi] Narrow (0, 1, 2) COPY_PADDED;
            wcsncpy [rdi rsi] Wide (0, 1, 2) COPY_PADDED;
            __wcsncpy_chk [rdi rsi] Wide (0, 1, 2) COPY_PADDED;
            wcpncpy [rdi rsi] Wide (0, 1, 2) COPY_PADDED;
            __wcpncpy_chk [rdi rsi] Wide (0, 1, 2) COPY_PADDED;
            strcat [rdi rsi] Narrow (0, 1) APPEND;
            __strcat_chk [rdi rsi] Narrow (0, 1) APPEND;
            wcscat [rdi rsi] Wide (0, 1) APPEND;
            __wcscat_chk [rdi rsi] Wide (0, 1) APPEND;
            strncat [rdi rsi] Narrow (0, 1, 2) APPEND_AT_MOST;
            __strncat_chk [rdi rsi] Narrow (0, 1, 2) APPEND_AT_MOST;
            wcsncat [rdi rsi] Wide (0, 1, 2) APPEND_AT_MOST;
            __wcsncat_chk [rdi rsi] Wide (0, 1, 2) APPEND_AT_MOST;
            strlcpy [rdi rsi] Narrow (0, 1, 2) COPY_WITHIN;
            __strlcpy_chk [rdi rsi] Narrow (0, 1, 2) COPY_WITHIN;
            wcslcpy [rdi rsi] Wide (0, 1, 2) COPY_WITHIN;
            __wcslcpy_chk [rdi rsi] Wide (0, 1, 2) COPY_WITHIN;
            strlcat [rdi rsi] Narrow (0, 1, 2) APPEND_WITHIN;
            __strlcat_chk [rdi rsi] Narrow (0, 1, 2) APPEND_WITHIN;
            wcslcat [rdi rsi] Wide (0, 1, 2) APPEND_WITHIN;
            __wcslcat_chk [rdi rsi] Wide (0, 1, 2) APPEND_WITHIN;
            strxfrm [rdi rsi] Narrow (0, 1, 2) CONVERT;
            wcsxfrm [rdi rsi] Wide (0, 1, 2) CONVERT;

            // Texts read as far as must be.
            strcmp [rdi rsi] Narrow (0, 1) COMPARE_TEXTS;
            strncmp [rdi rsi] Narrow (0, 1, 2) COMPARE_TEXTS;
            wcscmp [rdi rsi] Wide (0, 1) COMPARE_TEXTS;
            wcsncmp [rdi rsi] Wide (0, 1, 2) COMPARE_TEXTS;
            strcasecmp [rdi rsi] Narrow (0, 1) COMPARE_FOLDED;
            __strcasecmp [rdi rsi] Narrow (0, 1) COMPARE_FOLDED;
            strcasecmp_l [rdi rsi] Narrow (0, 1) COMPARE_FOLDED;
            strncasecmp [rdi rsi] Narrow (0, 1, 2) COMPARE_FOLDED;
            strncasecmp_l [rdi rsi] Narrow (0, 1, 2) COMPARE_FOLDED;
            wcscasecmp [rdi rsi] Wide (0, 1) COMPARE_FOLDED;
            wcsncasecmp [rdi rsi] Wide (0, 1, 2) COMPARE_FOLDED;
            strchr [rdi] Narrow (0, 1) FIND_CHARACTER;
            index [rdi] Narrow (0, 1) FIND_CHARACTER;
            strchrnul [rdi] Narrow (0, 1) FIND_CHARACTER;
            wcschr [rdi] Wide (0, 1) FIND_CHARACTER;
            wcschrnul [rdi] Wide (0, 1) FIND_CHARACTER;
            strstr [rdi rsi] Narrow (0, 1) FIND_TEXT;
            wcsstr [rdi rsi] Wide (0, 1) FIND_TEXT;
            wcswcs [rdi rsi] Wide (0, 1) FIND_TEXT;
            strcasestr [rdi rsi] Narrow (0, 1) FIND_FOLDED_TEXT;
            __strcasestr [rdi rsi] Narrow (0, 1) FIND_FOLDED_TEXT;
            strspn [rdi rsi] Narrow (0, 1) SKIP;
            wcsspn [rdi rsi] Wide (0, 1) SKIP;
            strcspn [rdi rsi] Narrow (0, 1) SKIP_UNTIL;
            wcscspn [rdi rsi] Wide (0, 1) SKIP_UNTIL;
            strpbrk [rdi rsi] Narrow (0, 1) SKIP_UNTIL;
            wcspbrk [rdi rsi] Wide (0, 1) SKIP_UNTIL;
            strtok always Narrow (0, 1) TOKEN;
            strtok_r always Narrow (0, 1, 2) TOKEN;
            __strtok_r always Narrow (0, 1, 2) TOKEN;
            wcstok always Wide (0, 1, 2) TOKEN;
            strsep always Narrow (0, 1) TOKEN_FROM;
            atoi [rdi] Narrow (0) WHOLE_NUMBER;
            atol [rdi] Narrow (0) WHOLE_NUMBER;
            atoll [rdi] Narrow (0) WHOLE_NUMBER;
            strtol [rdi rsi] Narrow (0, 1, 2) WHOLE_NUMBER;
            strtoll [rdi rsi] Narrow (0, 1, 2) WHOLE_NUMBER;
            strtoul [rdi rsi] Narrow (0, 1, 2) WHOLE_NUMBER;
            strtoull [rdi rsi] Narrow (0, 1, 2) WHOLE_NUMBER;
            strtoq [rdi rsi] Narrow (0, 1, 2) WHOLE_NUMBER;
            strtouq [rdi rsi] Narrow (0, 1, 2) WHOLE_NUMBER;
            strtoimax [rdi rsi] Narrow (0, 1, 2) WHOLE_NUMBER;
            strtoumax [rdi rsi] Narrow (0, 1, 2) WHOLE_NUMBER;
            __isoc23_strtol [rdi rsi] Narrow (0, 1, 2) WHOLE_NUMBER;
            __isoc23_strtoll [rdi rsi] Narrow (0, 1, 2) WHOLE_NUMBER;
            __isoc23_strtoul [rdi rsi] Narrow (0, 1, 2) WHOLE_NUMBER;
            __isoc23_strtoull [rdi rsi] Narrow (0, 1, 2) WHOLE_NUMBER;
            wcstol [rdi rsi] Wide (0, 1, 2) WHOLE_NUMBER;
            wcstoll [rdi rsi] Wide (0, 1, 2) WHOLE_NUMBER;
            wcstoul [rdi rsi] Wide (0, 1, 2) WHOLE_NUMBER;
            wcstoull [rdi rsi] Wide (0, 1, 2) WHOLE_NUMBER;
            atof [rdi] Narrow (0) NUMBER;
            strtod [rdi rsi] Narrow (0, 1) NUMBER;
            strtof [rdi rsi] Narrow (0, 1) NUMBER;
            strtold [rdi rsi] Narrow (0, 1) NUMBER;
            wcstod [rdi rsi] Wide (0, 1) NUMBER;
            wcstof [rdi rsi] Wide (0, 1) NUMBER;
            wcstold [rdi rsi] Wide (0, 1) NUMBER;

            // Formats, printed.
            printf variable Narrow (NONE, NONE, 0) PRINT;
            __printf_chk variable Narrow (NONE, NONE, 1) PRINT;
            fprintf variable Narrow (NONE, NONE, 1) PRINT;
            __fprintf_chk variable Narrow (NONE, NONE, 2) PRINT;
            dprintf variable Narrow (NONE, NONE, 1) PRINT;
            __dprintf_chk variable Narrow (NONE, NONE, 2) PRINT;
            asprintf variable Narrow (NONE, NONE, 1) PRINT;
            __asprintf variable Narrow (NONE, NONE, 1) PRINT;
            __asprintf_chk variable Narrow (NONE, NONE, 2) PRINT;
            sprintf variable Narrow (0, NONE, 1) PRINT;
            __sprintf_chk variable Narrow (0, NONE, 3) PRINT;
            snprintf variable Narrow (0, 1, 2) PRINT;
            __snprintf_chk variable Narrow (0, 1, 4) PRINT;
            syslog variable Narrow (NONE, NONE, 1) PRINT;
            __syslog_chk variable Narrow (NONE, NONE, 2) PRINT;
            wprintf variable Wide (NONE, NONE, 0) PRINT;
            __wprintf_chk variable Wide (NONE, NONE, 1) PRINT;
            fwprintf variable Wide (NONE, NONE, 1) PRINT;
            __fwprintf_chk variable Wide (NONE, NONE, 2) PRINT;
            swprintf variable Wide (0, 1, 2) PRINT via vswprintf;
            __swprintf_chk variable Wide (0, 1, 4) PRINT via __vswprintf_chk;
            vprintf list Narrow (NONE, NONE, 0) PRINT;
            __vprintf_chk list Narrow (NONE, NONE, 1) PRINT;
            vfprintf list Narrow (NONE, NONE, 1) PRINT;
            __vfprintf_chk list Narrow (NONE, NONE, 2) PRINT;
            vdprintf list Narrow (NONE, NONE, 1) PRINT;
            __vdprintf_chk list Narrow (NONE, NONE, 2) PRINT;
            vasprintf list Narrow (NONE, NONE, 1) PRINT;
            __vasprintf_chk list Narrow (NONE, NONE, 2) PRINT;
            vsprintf list Narrow (0, NONE, 1) PRINT;
            __vsprintf_chk list Narrow (0, NONE, 3) PRINT;
            vsnprintf list Narrow (0, 1, 2) PRINT;
            __vsnprintf list Narrow (0, 1, 2) PRINT;
            __vsnprintf_chk list Narrow (0, 1, 4) PRINT;
            vsyslog list Narrow (NONE, NONE, 1) PRINT;
            __vsyslog_chk list Narrow (NONE, NONE, 2) PRINT;
            vwprintf list Wide (NONE, NONE, 0) PRINT;
            __vwprintf_chk list Wide (NONE, NONE, 1) PRINT;
            vfwprintf list Wide (NONE, NONE, 1) PRINT;
            __vfwprintf_chk list Wide (NONE, NONE, 2) PRINT;
            vswprintf list Wide (0, 1, 2) PRINT;
            __vswprintf_chk list Wide (0, 1, 4) PRINT;

            // Formats, scanned.
            scanf variable Narrow (NONE, NONE, 0) SCAN via vscanf;
            fscanf variable Narrow (NONE, NONE, 1) SCAN via vfscanf;
            sscanf variable Narrow (0, NONE, 1) SCAN via vsscanf;
            wscanf variable Wide (NONE, NONE, 0) SCAN via vwscanf;
            fwscanf variable Wide (NONE, NONE, 1) SCAN via vfwscanf;
            swscanf variable Wide (0, NONE, 1) SCAN via vswscanf;
            vscanf list Narrow (NONE, NONE, 0) SCAN;
            vfscanf list Narrow (NONE, NONE, 1) SCAN;
            vsscanf list Narrow (0, NONE, 1) SCAN;
            vwscanf list Wide (NONE, NONE, 0) SCAN;
            vfwscanf list Wide (NONE, NONE, 1) SCAN;
            vswscanf list Wide (0, NONE, 1) SCAN;
            __isoc99_scanf variable Narrow (NONE, NONE, 0) SCAN via __isoc99_vscanf;
            __isoc99_fscanf variable Narrow (NONE, NONE, 1) SCAN via __isoc99_vfscanf;
            __isoc99_sscanf variable Narrow (0, NONE, 1) SCAN via __isoc99_vsscanf;
            __isoc99_wscanf variable Wide (NONE, NONE, 0) SCAN via __isoc99_vwscanf;
            __isoc99_fwscanf variable Wide (NONE, NONE, 1) SCAN via __isoc99_vfwscanf;
            __isoc99_swscanf variable Wide (0, NONE, 1) SCAN via __isoc99_vswscanf;
            __isoc99_vscanf list Narrow (NONE, NONE, 0) SCAN;
            __isoc99_vfscanf list Narrow (NONE, NONE, 1) SCAN;
            __isoc99_vsscanf list Narrow (0, NONE, 1) SCAN;
            __isoc99_vwscanf list Wide (NONE, NONE, 0) SCAN;
            __isoc99_vfwscanf list Wide (NONE, NONE, 1) SCAN;
            __isoc99_vswscanf list Wide (0, NONE, 1) SCAN;
            __isoc23_scanf variable Narrow (NONE, NONE, 0) SCAN via __isoc23_vscanf;
            __isoc23_fscanf variable Narrow (NONE, NONE, 1) SCAN via __isoc23_vfscanf;
            __isoc23_sscanf variable Narrow (0, NONE, 1) SCAN via __isoc23_vsscanf;
            __isoc23_vscanf list Narrow (NONE, NONE, 0) SCAN;
            __isoc23_vfscanf list Narrow (NONE, NONE, 1) SCAN;
            __isoc23_vsscanf list Narrow (0, NONE, 1) SCAN;

            // Lines and names.
            gets [rdi] Narrow (0) READ_LINE;
            __gets_chk [rdi] Narrow (0) READ_LINE;
            fgets [rdi] Narrow (0, 1) READ_LINE;
            fgets_unlocked [rdi] Narrow (0, 1) READ_LINE;
            __fgets_chk [rdi] Narrow (0, 2) READ_LINE;
            __fgets_unlocked_chk [rdi] Narrow (0, 2) READ_LINE;
            fgetws [rdi] Wide (0, 1) READ_LINE;
            fgetws_unlocked [rdi] Wide (0, 1) READ_LINE;
            __fgetws_chk [rdi] Wide (0, 2) READ_LINE;
            __fgetws_unlocked_chk [rdi] Wide (0, 2) READ_LINE;
            getline always Narrow (0, 1) GET_LINE;
            getdelim always Narrow (0, 1) GET_LINE;
            __getdelim always Narrow (0, 1) GET_LINE;
            inet_ntop [rdx] Narrow (2, 3) NAME_PLACE;
            getcwd [rdi] Narrow (0, 1) NAME_PLACE;
            __getcwd_chk [rdi] Narrow (0, 1) NAME_PLACE;
            listxattr [rdi rsi] Narrow (0, NONE, 1, 2) NAME_VALUE;
            llistxattr [rdi rsi] Narrow (0, NONE, 1, 2) NAME_VALUE;
            flistxattr [rsi] Narrow (NONE, NONE, 1, 2) NAME_VALUE;
            getxattr [rdi rsi rdx] Narrow (0, 1, 2, 3) NAME_VALUE;
            lgetxattr [rdi rsi rdx] Narrow (0, 1, 2, 3) NAME_VALUE;
            fgetxattr [rsi rdx] Narrow (NONE, 1, 2, 3) NAME_VALUE;
            setxattr [rdi rsi rdx] Narrow (0, 1, 2, 3) SET_VALUE;
            lsetxattr [rdi rsi rdx] Narrow (0, 1, 2, 3) SET_VALUE;
            fsetxattr [rsi rdx] Narrow (NONE, 1, 2, 3) SET_VALUE;
            readlink [rdi rsi] Narrow (0, 1, 2) NAME_LINK;
            __readlink_chk [rdi rsi] Narrow (0, 1, 2) NAME_LINK;
            readlinkat [rsi rdx] Narrow (1, 2, 3) NAME_LINK;
            __readlinkat_chk [rsi rdx] Narrow (1, 2, 3) NAME_LINK;

            // Files and sockets.
            read [rsi] Narrow (1, 2) READ;
            __read [rsi] Narrow (1, 2) READ;
            __read_chk [rsi] Narrow (1, 2) READ;
            pread [rsi] Narrow (1, 2) READ;
            __pread_chk [rsi] Narrow (1, 2) READ;
            pread64 [rsi] Narrow (1, 2) READ;
            __pread64 [rsi] Narrow (1, 2) READ;
            __pread64_chk [rsi] Narrow (1, 2) READ;
            recv [rsi] Narrow (1, 2) READ;
            __recv_chk [rsi] Narrow (1, 2) READ;
            recvfrom [rsi r8 r9] Narrow (1, 2, 4, 5) RECEIVE_FROM;
            __recvfrom_chk [rsi] Narrow (1, 2) READ;
            getrandom [rdi] Narrow (0, 1) READ;
            write [rsi] Narrow (1, 2) WRITE;
            __write [rsi] Narrow (1, 2) WRITE;
            pwrite [rsi] Narrow (1, 2) WRITE;
            pwrite64 [rsi] Narrow (1, 2) WRITE;
            __pwrite64 [rsi] Narrow (1, 2) WRITE;
            send [rsi] Narrow (1, 2) WRITE;
            __send [rsi] Narrow (1, 2) WRITE;
            sendto [rsi] Narrow (1, 2) WRITE;
            fread [rdi] Narrow (0, 1, 2) READ_ITEMS;
            fread_unlocked [rdi] Narrow (0, 1, 2) READ_ITEMS;
            __fread_chk [rdi] Narrow (0, 2, 3) READ_ITEMS;
            __fread_unlocked_chk [rdi] Narrow (0, 2, 3) READ_ITEMS;
            fwrite [rdi] Narrow (0, 1, 2) WRITE_ITEMS;
            fwrite_unlocked [rdi] Narrow (0, 1, 2) WRITE_ITEMS;
            readv always Narrow (1, 2) RECEIVE_VECTOR;
            preadv always Narrow (1, 2) RECEIVE_VECTOR;
            preadv64 always Narrow (1, 2) RECEIVE_VECTOR;
            preadv2 always Narrow (1, 2) RECEIVE_VECTOR;
            preadv64v2 always Narrow (1, 2) RECEIVE_VECTOR;
            writev always Narrow (1, 2) SEND_VECTOR;
            pwritev always Narrow (1, 2) SEND_VECTOR;
            pwritev64 always Narrow (1, 2) SEND_VECTOR;
            pwritev2 always Narrow (1, 2) SEND_VECTOR;
            pwritev64v2 always Narrow (1, 2) SEND_VECTOR;
            recvmsg always Narrow (1) RECEIVE_MESSAGE;
            sendmsg always Narrow (1) SEND_MESSAGE;

            // Records of a known size.
            stat [rdi rsi] Narrow (1, 0) FILL_STAT;
            stat64 [rdi rsi] Narrow (1, 0) FILL_STAT;
            lstat [rdi rsi] Narrow (1, 0) FILL_STAT;
            lstat64 [rdi rsi] Narrow (1, 0) FILL_STAT;
            fstat [rsi] Narrow (1) FILL_STAT;
            fstat64 [rsi] Narrow (1) FILL_STAT;
            fstatat [rsi rdx] Narrow (2, 1) FILL_STAT;
            fstatat64 [rsi rdx] Narrow (2, 1) FILL_STAT;
            statfs [rdi rsi] Narrow (1, 0) FILL_STATFS;
            statfs64 [rdi rsi] Narrow (1, 0) FILL_STATFS;
            fstatfs [rsi] Narrow (1) FILL_STATFS;
            fstatfs64 [rsi] Narrow (1) FILL_STATFS;
            statvfs [rdi rsi] Narrow (1, 0) FILL_STATVFS;
            statvfs64 [rdi rsi] Narrow (1, 0) FILL_STATVFS;
            fstatvfs [rsi] Narrow (1) FILL_STATVFS;
            fstatvfs64 [rsi] Narrow (1) FILL_STATVFS;
            uname [rdi] Narrow (0) FILL_NAMES;
            getrusage [rsi] Narrow (1) FILL_USAGE;
            getrlimit [rsi] Narrow (1) FILL_PAIR;
            getrlimit64 [rsi] Narrow (1) FILL_PAIR;
            setrlimit [rsi] Narrow (1) READ_PAIR;
            setrlimit64 [rsi] Narrow (1) READ_PAIR;
            gettimeofday [rdi] Narrow (0) FILL_PAIR;
            clock_getres [rsi] Narrow (1) FILL_PAIR;
            clock_gettime [rsi] Narrow (1) FILL_PAIR;
            clock_settime [rsi] Narrow (1) READ_PAIR;
            clock_nanosleep [rdx] Narrow (2) READ_PAIR;
            setitimer [rsi rdx] Narrow (1, 2) SET_TIMER;
            timer_settime [rdx rcx] Narrow (2, 3) SET_TIMER;
            timer_gettime [rsi] Narrow (1) FILL_TWO_PAIRS;
            timerfd_settime [rdx rcx] Narrow (2, 3) SET_TIMER;
            timerfd_gettime [rsi] Narrow (1) FILL_TWO_PAIRS;
            utime [rdi rsi] Narrow (1, 0) READ_PAIR;
            utimes [rdi rsi] Narrow (1, 0) READ_TWO_PAIRS;
            lutimes [rdi rsi] Narrow (1, 0) READ_TWO_PAIRS;
            futimes [rsi] Narrow (1) READ_TWO_PAIRS;
            futimesat [rsi rdx] Narrow (2, 1) READ_TWO_PAIRS;
            utimensat [rsi rdx] Narrow (2, 1) READ_TWO_PAIRS;
            futimens [rsi] Narrow (1) READ_TWO_PAIRS;
            sysinfo [rdi] Narrow (0) FILL_SYSTEM;
            statx [rsi r8] Narrow (4, 1) FILL_STATX;
            sched_getaffinity [rdx] Narrow (2, 1) FILL;
            sched_getparam [rsi] Narrow (1) FILL_STATUS;
            getresuid [rdi rsi rdx] Narrow (0, 1, 2) FILL_IDS;
            getresgid [rdi rsi rdx] Narrow (0, 1, 2) FILL_IDS;
            nanosleep [rdi] Narrow (0) READ_PAIR;
            getitimer [rsi] Narrow (1) FILL_TWO_PAIRS;
            times [rdi] Narrow (0) FILL_TWO_PAIRS;
            time [rdi] Narrow (0) FILL_TIME;
            ctime [rdi] Narrow (0) READ_TIME;
            localtime [rdi] Narrow (0) READ_TIME;
            gmtime [rdi] Narrow (0) READ_TIME;
            localtime_r [rdi rsi] Narrow (0, 1) SPLIT_TIME;
            gmtime_r [rdi rsi] Narrow (0, 1) SPLIT_TIME;
            asctime [rdi] Narrow (0) READ_DATE;
            mktime [rdi] Narrow (0) READ_DATE;
            wait [rdi] Narrow (0) FILL_STATUS;
            waitpid [rsi] Narrow (1) FILL_STATUS;
            wait3 [rdi] Narrow (0) FILL_STATUS;
            wait4 [rsi] Narrow (1) FILL_STATUS;
            getgroups [rsi] Narrow (1, 0) FILL_GROUPS;
            ioctl [rdx] Narrow (1, 2) CONTROL;
            pipe [rdi] Narrow (0) FILL_DESCRIPTORS;
            pipe2 [rdi] Narrow (0) FILL_DESCRIPTORS;
            socketpair [rcx] Narrow (3) FILL_DESCRIPTORS;
            bind [rsi] Narrow (1, 2) READ_GIVEN;
            connect [rsi] Narrow (1, 2) READ_GIVEN;
            setsockopt [rcx] Narrow (3, 4) READ_GIVEN;
            accept [rsi rdx] Narrow (1, 2) FILL_TO_LENGTH;
            accept4 [rsi rdx] Narrow (1, 2) FILL_TO_LENGTH;
            getsockname [rsi rdx] Narrow (1, 2) FILL_TO_LENGTH;
            getpeername [rsi rdx] Narrow (1, 2) FILL_TO_LENGTH;
            getsockopt [rcx r8] Narrow (3, 4) FILL_TO_LENGTH;
            sendfile [rdx] Narrow (2) MOVE_OFFSETS;
            sendfile64 [rdx] Narrow (2) MOVE_OFFSETS;
            copy_file_range [rsi rcx] Narrow (1, 3) MOVE_OFFSETS;
            splice [rsi rcx] Narrow (1, 3) MOVE_OFFSETS;
            recvmmsg [rsi] Narrow (1, 2) READ_MESSAGES;
            sendmmsg [rsi] Narrow (1, 2) READ_MESSAGES;
            msgsnd [rsi] Narrow (1, 2) SEND_QUEUED;
            msgrcv [rsi] Narrow (1, 2) RECEIVE_QUEUED;
            semop [rsi] Narrow (1, 2) READ_OPERATIONS;
            semtimedop [rsi] Narrow (1, 2) READ_OPERATIONS;
            epoll_ctl [rcx] Narrow (3, 1) CONTROL_EVENTS;
            poll [rdi] Narrow (0, 1) WAIT_FOR;
            epoll_wait [rsi] Narrow (1, 2) FILL_EVENTS;
            select always Narrow (1, 2, 3, 0) SELECT;
            pselect always Narrow (1, 2, 3, 0) SELECT;
            qsort [rdi] Narrow (0, 1, 2) SORT;
            qsort_r [rdi] Narrow (0, 1, 2) SORT;
        }
    };
}

#[cfg(not(test))]
pub(crate) use with_every_function;

/// A name of the C library as a C string.
const fn name(with_terminator: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(with_terminator.as_bytes()) {
        Ok(name) => name,
        Err(_) => panic!("a name has no terminator inside"),
    }
}

/// Whether one of `parts` stands in a name.
const fn has_part(name: &str, parts: &[&str]) -> bool {
    let name = name.as_bytes();
    let mut which = 0;
    while which < parts.len() {
        let part = parts[which].as_bytes();
        let mut at = 0;
        while at + part.len() <= name.len() {
            let mut same = 0;
            while same < part.len() && name[at + same] == part[same] {
                same += 1;
            }
            if same == part.len() {
                return true;
            }
            at += 1;
        }
        which += 1;
    }
    false
}

macro_rules! arguments {
    (list) => {
        Arguments::List
    };
    (variable) => {
        Arguments::Variable
    };
    ($other:tt) => {
        Arguments::Fixed
    };
}

macro_rules! via {
    () => {
        None
    };
    ($via:ident) => {
        Some(Index::$via)
    };
}

macro_rules! entries {
    ($($name:ident $entered:tt $unit:ident ($($role:expr),*) $story:ident $(via $via:ident)?;)*) => {
        /// The functions by number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(non_camel_case_types, reason = "the names are the C library's")]
        #[repr(usize)]
        pub(crate) enum Index { $($name,)* }

        const COUNT: usize = [$(Index::$name,)*].len();

        /// The functions, by the numbers of [`Index`].
        pub(crate) static TABLE: [Entry; COUNT] = [$(Entry {
            name: name(concat!(stringify!($name), "\0")),
            arguments: arguments!($entered),
            unit: Unit::$unit,
            roles: roles([$($role),*]),
            story: stories::$story,
            via: via!($($via)?),
            since_238: has_part(stringify!($name), &["__isoc23_", "lcpy", "lcat"]),
        },)*];
    };
}
with_every_function!(entries);
