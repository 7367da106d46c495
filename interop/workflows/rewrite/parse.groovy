// Prints for each file named on standard input whether Groovy can parse it: `ok PATH` or `no PATH`.
import org.codehaus.groovy.control.CompilationUnit
import org.codehaus.groovy.control.Phases

System.in.eachLine { path ->
    def unit = new CompilationUnit()
    try {
        unit.addSource(path, new File(path).getText('UTF-8'))
        unit.compile(Phases.CONVERSION)
        println "ok $path"
    } catch (Throwable error) {
        println "no $path"
    }
}
