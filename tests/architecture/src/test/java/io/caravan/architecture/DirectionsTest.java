package io.caravan.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.time.Clock;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Lock;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Keeps the directions between modules and packages that ARCHITECTURE.md describes: who may know whom, and the one home
 * of each thing that is hard to hold in check once it has spread (vector code, native code, the wire, the text).
 */
class DirectionsTest {
    private static final String PROTO = "io.caravan.proto..";
    private static final String FORMATS = "io.caravan.formats..";
    private static final String KERNELS = "io.caravan.kernels..";
    private static final String MODEL = "io.caravan.model..";
    private static final String WORKER = "io.caravan.worker..";
    private static final String SCHEDULER = "io.caravan.scheduler..";
    private static final String GATEWAY = "io.caravan.gateway..";
    private static final String CLI = "io.caravan.cli..";
    private static final DescribedPredicate<JavaClass> OURS = resideInAPackage("io.caravan..");

    private static JavaClasses ours;

    @BeforeAll
    static void importClasses() {
        ours = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("io.caravan");
    }

    @ParameterizedTest
    @ValueSource(strings = {PROTO, FORMATS, KERNELS, MODEL, WORKER, SCHEDULER, GATEWAY, CLI})
    void shouldFindTheClassesOfEveryModule(String module) {
        assertThat(ours.that(resideInAPackage(module)))
                .as("classes of %s: without them every rule below would hold for nothing", module)
                .isNotEmpty();
    }

    @Test
    void shouldLetModulesKnowOnlyThoseBelowThem() {
        check(mayKnow(PROTO));
        check(mayKnow(FORMATS, PROTO));
        check(mayKnow(KERNELS, PROTO));
        check(mayKnow(MODEL, PROTO, FORMATS, KERNELS));
        check(mayKnow(WORKER, PROTO, FORMATS, KERNELS, MODEL));
        check(mayKnow(SCHEDULER, PROTO));
        check(mayKnow(GATEWAY, PROTO, FORMATS));
    }

    @Test
    void shouldKeepVectorCodeInItsOneHome() {
        check(noClasses()
                .that()
                .resideOutsideOfPackage("io.caravan.kernels.vector..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jdk.incubator.."));
    }

    @Test
    void shouldKeepForeignFunctionsInTheirOneHome() {
        check(noClasses()
                .that()
                .resideOutsideOfPackage("io.caravan.kernels.nativelib..")
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.foreign.Linker"));
    }

    @Test
    void shouldKeepAeronBehindTheLinkPort() {
        check(noClasses()
                .that()
                .resideOutsideOfPackage("..transport.aeron..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.aeron.."));
    }

    @Test
    void shouldKeepNativeCallsInTheirHomes() {
        check(noClasses()
                .that()
                .resideOutsideOfPackages("io.caravan.kernels.nativelib..", "io.caravan.kernels.cuda..")
                .should()
                .dependOnClassesThat(equivalentTo(Linker.class).or(equivalentTo(SymbolLookup.class))));
    }

    @Test
    void shouldKeepTextInTheGateway() {
        check(noClasses()
                .that()
                .resideOutsideOfPackage(GATEWAY)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("ai.djl..", "com.hubspot.jinjava.."));
    }

    /** Time, threads, chance and messages come into these as arguments, so that a seed decides a whole run. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "io.caravan.scheduler.engine..",
                "io.caravan.scheduler.placement..",
                "io.caravan.scheduler.recovery.."
            })
    void shouldKeepDecisionsPure(String decisions) {
        check(noClasses()
                .that()
                .resideInAPackage(decisions)
                .should()
                .dependOnClassesThat(
                        resideInAnyPackage("org.apache.pekko..", "io.aeron..", "java.nio.file..", "java.net..")
                                .or(equivalentTo(Thread.class))
                                .or(equivalentTo(Clock.class))
                                .or(JavaClass.Predicates.assignableTo(Executor.class))
                                .or(JavaClass.Predicates.assignableTo(Lock.class)))
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(Math.class, "random"));
    }

    private static ArchRule mayKnow(String module, String... known) {
        return classes()
                .that()
                .resideInAPackage(module)
                .should()
                .onlyDependOnClassesThat(not(OURS).or(resideInAPackage(module)).or(resideInAnyPackage(known)))
                .as("classes of " + module + " know of ours only " + String.join(", ", known));
    }

    private static void check(ArchRule rule) {
        rule.allowEmptyShould(false).check(ours);
    }
}
