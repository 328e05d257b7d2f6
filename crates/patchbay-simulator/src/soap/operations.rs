//! What the payroll does: people, page by page, one by one, and added; and answers that go wrong.

use super::{
    NAMESPACE, SoapServer,
    envelope::{Element, Refusal, escaped},
};

/// People on a page.
const PAGE: usize = 2;

/// Someone on the payroll.
pub struct Person {
    id: String,
    name: String,
    department: String,
}

/// The people at the start.
pub fn seed() -> Vec<Person> {
    let people = [("Ada & Co", "R&D"), ("Grace", "R&D"), ("Edsger", "Sales"), ("Barbara", "R&D"), ("Donald", "Sales")];
    people.iter().enumerate().map(|(place, (name, department))| person(place, name, department)).collect()
}

fn person(place: usize, name: &str, department: &str) -> Person {
    Person { id: format!("00{}", place + 1), name: name.to_owned(), department: department.to_owned() }
}

impl Person {
    fn written(&self) -> String {
        let Self { id, name, department } = self;
        format!(
            "<p:Employee p:ref=\"{}\"><p:Id>{}</p:Id><p:Name>{}</p:Name><p:Department>{}</p:Department></p:Employee>",
            escaped(id),
            escaped(id),
            escaped(name),
            escaped(department)
        )
    }
}

/// Runs an operation; gives what the body of the answer holds.
pub fn run(server: &SoapServer, operation: &Element, password: &str) -> Result<String, Refusal> {
    let inner = match operation.name.as_str() {
        "GetEmployees" => employees(server, operation)?,
        "GetEmployee" => employee(server, operation, password)?,
        "AddEmployee" => add(server, operation)?,
        // Always one more page, each with another place to go on from.
        "GetHistory" => {
            let at = operation.text_of("After").and_then(|after| after.parse::<u64>().ok()).unwrap_or(0);
            format!("<p:Entry>{at}</p:Entry><p:Next>{}</p:Next>", at + 1)
        }
        other => return Err(Refusal::callers(format!("there is no operation {other}"))),
    };
    let name = &operation.name;
    Ok(format!("<p:{name}Response xmlns:p=\"{NAMESPACE}\">{inner}</p:{name}Response>"))
}

fn employees(server: &SoapServer, operation: &Element) -> Result<String, Refusal> {
    let filter = operation.child("Filter");
    let department = filter.and_then(|filter| filter.text_of("Department"));
    let page = filter.and_then(|filter| filter.text_of("Page")).map_or(Ok(1), str::parse::<usize>);
    let page = page.ok().filter(|page| *page > 0).ok_or_else(|| Refusal::callers("Page is no page"))?;
    let people = server.people();
    let found = people.iter().filter(|person| department.is_none_or(|wanted| person.department == wanted));
    let found = found.map(Person::written).collect::<Vec<_>>();
    let pages = found.len().div_ceil(PAGE).max(1);
    if page > pages {
        return Err(Refusal::callers(format!("there is no page {page}, the last is {pages}")));
    }
    let shown = found.iter().skip((page - 1) * PAGE).take(PAGE).map(String::as_str).collect::<String>();
    Ok(format!("<p:Page>{page}</p:Page><p:Pages>{pages}</p:Pages><p:People>{shown}</p:People>"))
}

fn employee(server: &SoapServer, operation: &Element, password: &str) -> Result<String, Refusal> {
    let id = operation.text_of("Id").unwrap_or_default();
    if id == "echo" {
        return Err(Refusal::callers(format!("you came with the password {password}")));
    }
    if id == "broken" {
        return Err(Refusal { code: "Server", ..Refusal::callers("the payroll is being closed") });
    }
    let people = server.people();
    let found = people.iter().find(|person| person.id == id).map(Person::written);
    found.ok_or_else(|| Refusal::callers(format!("there is no employee {id}")))
}

fn add(server: &SoapServer, operation: &Element) -> Result<String, Refusal> {
    let text = |name: &str| operation.text_of(name).unwrap_or_default();
    let missing = ["Name", "Department"].iter().filter(|name| text(name).is_empty());
    let details = missing.map(|name| format!("{name} is required")).collect::<Vec<_>>();
    if !details.is_empty() {
        // Some services answer with a fault and status 200.
        return Err(Refusal { status: 200, details, ..Refusal::callers("Validation error occurred.") });
    }
    let mut people = server.people();
    let added = person(people.len(), text("Name"), text("Department"));
    let id = escaped(&added.id);
    people.push(added);
    Ok(format!("<p:Id>{id}</p:Id>"))
}
