//! The operators of C++: one table of mangled names and numbers.

use core::arch::naked_asm;

use ldt_engine::hooks::cxx::enter_operator;
use ldt_trace::Function;

macro_rules! operators {
    ($($name:ident = $function:ident;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`.")]
        ///
        /// # Safety
        /// As for the operator.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        #[allow(non_snake_case, reason = "a mangled name")]
        pub(crate) unsafe extern "C" fn $name() {
            naked_asm!(
                "mov eax, {code}",
                "jmp {enter}",
                code = const Function::$function as u32,
                enter = sym enter_operator,
            )
        }
    )*};
}

operators! {
    _Znwm = New;
    _Znam = NewArray;
    _ZnwmRKSt9nothrow_t = NewNothrow;
    _ZnamRKSt9nothrow_t = NewArrayNothrow;
    _ZnwmSt11align_val_t = NewAligned;
    _ZnamSt11align_val_t = NewArrayAligned;
    _ZnwmSt11align_val_tRKSt9nothrow_t = NewAlignedNothrow;
    _ZnamSt11align_val_tRKSt9nothrow_t = NewArrayAlignedNothrow;
    _ZdlPv = Delete;
    _ZdaPv = DeleteArray;
    _ZdlPvm = DeleteSized;
    _ZdaPvm = DeleteArraySized;
    _ZdlPvRKSt9nothrow_t = DeleteNothrow;
    _ZdaPvRKSt9nothrow_t = DeleteArrayNothrow;
    _ZdlPvSt11align_val_t = DeleteAligned;
    _ZdaPvSt11align_val_t = DeleteArrayAligned;
    _ZdlPvmSt11align_val_t = DeleteSizedAligned;
    _ZdaPvmSt11align_val_t = DeleteArraySizedAligned;
    _ZdlPvSt11align_val_tRKSt9nothrow_t = DeleteAlignedNothrow;
    _ZdaPvSt11align_val_tRKSt9nothrow_t = DeleteArrayAlignedNothrow;
}
