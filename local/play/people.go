package play

import (
	"fmt"
	"strings"
)

// person is an applicant who does not exist: the numbers and domains are reserved for fiction.
type person struct{ first, last, email, phone string }

func somebody(d dice) person {
	p := person{first: pick(d, firstNames()), last: pick(d, lastNames())}
	if d.chance(5) {
		p.last += "-" + pick(d, lastNames())
	}
	p.email = fmt.Sprintf("%s.%s%d@%s", plain(p.first), plain(p.last), d.between(1, 9999),
		pick(d, []string{"example.com", "example.org", "example.net", "mail.example.com"}))
	p.phone = fmt.Sprintf("%d-555-01%02d", d.between(201, 989), d.IntN(100))
	return p
}

// plain are the letters of a name that may stand in a mail address.
func plain(name string) string {
	letters := strings.Map(func(c rune) rune {
		if c < 'a' || c > 'z' {
			return -1
		}
		return c
	}, strings.ToLower(name))
	if letters == "" {
		return "lead"
	}
	return letters
}

func firstNames() []string {
	return []string{"Bob", "Maria", "James", "Aisha", "Wei", "Carlos", "Emily", "Darnell", "Priya", "Grace", "Kofi", "Hannah", "Zoë", "José",
		"Søren", "Łukasz", "Thị Hương", "Siân", "Bjørk", "François", "Αλέξανδρος", "Ольга", "美咲", "Noor", "D'Andre", "Mary Ann"}
}

func lastNames() []string {
	return []string{"Lastnameson", "Johnson", "Garcia", "Nguyen", "Okafor", "Patel", "Smith", "Kowalski", "Rossi", "O'Brien", "Muñoz", "Müller",
		"Sørensen", "Nguyễn", "Çelik", "Lefèvre", "Björnsdóttir", "Иванова", "佐藤", "van der Berg", "Two Bulls", "Ng"}
}

// place is where a business is.
type place struct {
	city, state, county, zip string // the first three digits of the code
	lat, lon                 float64
}

func places() []place {
	return []place{
		{"Minneapolis", "Minnesota", "Hennepin", "554", 44.9778, -93.2650},
		{"Saint Paul", "Minnesota", "Ramsey", "551", 44.9537, -93.0900},
		{"Chicago", "Illinois", "Cook", "606", 41.8781, -87.6298},
		{"Española", "New Mexico", "Rio Arriba", "875", 35.9911, -106.0806},
		{"San José", "California", "Santa Clara", "951", 37.3382, -121.8863},
		{"Houston", "Texas", "Harris", "770", 29.7604, -95.3698},
		{"Atlanta", "Georgia", "Fulton", "303", 33.7490, -84.3880},
		{"Cañon City", "Colorado", "Fremont", "812", 38.4410, -105.2424},
		{"Detroit", "Michigan", "Wayne", "482", 42.3314, -83.0458},
		{"Anchorage", "Alaska", "Anchorage", "995", 61.2181, -149.9003},
		{"Hilo", "Hawaiʻi", "Hawaiʻi", "967", 19.7071, -155.0816},
		{"Mayagüez", "Puerto Rico", "Mayagüez", "006", 18.2011, -67.1396},
	}
}

func streets() []string {
	return []string{"Options Ave.", "Main St.", "Lake Street W", "N 7th St", "Calle del Río", "MLK Jr. Blvd", "County Road 12", "Rue de l'Église"}
}

func company(d dice, owner person) string {
	trade := pick(d, []string{"Bakery", "Trucking", "Dental", "Roofing", "Café", "Farms", "Consulting", "Salon & Spa", "Auto Repair", "Landscaping",
		"\"Fresh\" Foods", "Crêperie", "Robotics", "Daycare", "Brewing"})
	form := pick(d, []string{" LLC", " LLC.", ", Inc.", " Corp.", " & Sons", " Co-op", ""})
	if d.chance(50) {
		return owner.last + " " + trade + form
	}
	return pick(d, []string{"Blue Heron", "Northside", "Tres Hermanas", "Iron Range", "Señor Pepe's", "Lakeshore", "Über", "First Light", "A+"}) + " " + trade + form
}
